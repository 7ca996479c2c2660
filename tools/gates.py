"""What holds a permitted action at the door: stops that people pressed, and a tool's rate."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from approvals import switches
from approvals.tables import Action
from core.ids import derive_id
from tools.contract import Tool
from tools.deps import Deps


def scopes(action: Action) -> tuple[str, ...]:
    """Every stop that holds this action."""
    # The conversation's id as `graphs.runtime.turns` derives it from the same three values.
    conversation = derive_id("conv", action.workspace_id, action.channel, action.thread_ts or "")
    scopes = [switches.conversation_scope(conversation)]
    scopes.append(switches.automation_scope(action.automation))
    if action.turn_id is not None:
        scopes.append(switches.turn_scope(action.turn_id))
    return tuple(scopes)


def free_at(
    deps: Deps, session: Session, tool: Tool, action: Action, *, now: datetime
) -> datetime | None:
    """When a call of this tool is free again; None when it is now."""
    # `sent_by` is a claim's beginning plus the deadline.
    since = now - timedelta(seconds=60.0 - deps.limits.deadline_s(tool.timeout_s))
    query = select(func.count(col(Action.id))).where(
        Action.workspace_id == action.workspace_id,
        Action.tool == tool.name,
        col(Action.sent_by) > since,
    )
    if session.exec(query).one() < tool.per_minute:
        return None
    return now + timedelta(seconds=max(1.0, 60.0 / tool.per_minute))
