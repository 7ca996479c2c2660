"""What holds a permitted action at the door: stops that people pressed, and the rates of
its tool and connector."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from approvals import switches
from approvals.tables import Action
from core.ids import derive_id
from tools.breakers import connector_of
from tools.buckets import Rate, take
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


def take_turn(
    deps: Deps, session: Session, tool: Tool, *, workspace_id: str, now: datetime, reads: int = 0
) -> datetime | None:
    """Take this call from the rates of its tool and its connector; when to come back, if too many
    were made lately. Shared by all workers; call it in the transaction that permits the call.

    `reads` counts what else was, or will be, asked of the connector for it: its preview, its facts.
    """
    rates = {f"tool:{tool.name}": Rate(tool.per_minute), **_of_connector(deps, tool, 1 + reads)}
    return take(session, workspace_id=workspace_id, rates=rates, now=now)


def take_look(
    deps: Deps, session: Session, tool: Tool, *, workspace_id: str, now: datetime
) -> datetime | None:
    """The same for a preview or a look, which count for the connector alone."""
    rates = _of_connector(deps, tool, 1)
    return take(session, workspace_id=workspace_id, rates=rates, now=now) if rates else None


def _of_connector(deps: Deps, tool: Tool, calls: int) -> dict[str, Rate]:
    connector = deps.registry.connector(connector_of(tool.name))
    if connector is None:
        return {}
    return {f"connector:{connector.name}": Rate(connector.per_minute, calls)}
