"""Whether the asker may use a tool at all: before it is looked into, and again when it begins."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from approvals.elevation import missing
from approvals.people import Principal
from approvals.tables import Action
from tools.contract import Tool
from tools.deps import Deps


def missing_scope(
    deps: Deps, session: Session, action: Action, tool: Tool, principal: Principal, *, now: datetime
) -> str | None:
    """Why this tool may not be used for this person now; None when it may."""
    if not deps.admitted(session, tool):
        connector = tool.name.partition(".")[0]
        return (
            f"{tool.name} {tool.version} is new here; /signoff connector {connector} asks an "
            "operator to let it in"
        )
    return missing(
        session,
        principal,
        tool.scopes,
        workspace_id=action.workspace_id,
        automation=action.automation,
        now=now,
    )
