"""Whether a tool may be used at all: by the asker, and by what acts for them.

Looked at before the tool is looked into, and again when the action begins.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from approvals.by_hand import BY_HAND
from approvals.elevation import ASSISTANT, missing
from tools.claim import Proposal
from tools.deps import Deps
from tools.registry import Registry


def missing_scope(deps: Deps, session: Session, proposal: Proposal, *, now: datetime) -> str | None:
    """Why its tool may not be used for this person now; None when it may."""
    action, tool = proposal.action, proposal.tool
    if not deps.admitted(session, tool):
        connector = tool.name.partition(".")[0]
        return (
            f"{tool.name} {tool.version} is new here; /signoff connector {connector} asks an "
            "operator to let it in"
        )
    return missing(
        session,
        proposal.principal,
        tool.scopes,
        workspace_id=action.workspace_id,
        automation=action.automation,
        own=own_scopes(deps.registry, action.automation, deps.automations),
        now=now,
    )


def own_scopes(
    registry: Registry, automation: str, declared: Mapping[str, Sequence[str]]
) -> Sequence[str]:
    """What this automation may use itself: what is declared for it, else what its tools need.

    The assistant's are those of what a model is offered; the rest only forms and commands use.
    Others have none.
    """
    if automation in declared:
        return declared[automation]
    if automation not in (ASSISTANT, BY_HAND):
        return ()
    offered = automation == ASSISTANT
    used = [tool for tool in registry.tools if tool.offered == offered]
    return tuple(dict.fromkeys(scope for tool in used for scope in tool.scopes))
