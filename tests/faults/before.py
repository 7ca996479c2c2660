"""What an errand finds done already: rows as the executor leaves them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from approvals.tables import Action, Grant
from bot.bootstrap import Floor

_CHANNEL = "C0SUPPORT"
#: What the log tells of an action that a rule allowed, from its permission to its beginning.
_TOLD = (
    "approvals:action:allowed",
    "approvals:grant:minted",
    "approvals:grant:consumed",
    "approvals:action:executing",
    "tools:effect:intent",
)


def sent(
    floor: Floor,
    action_id: str,
    tool_name: str,
    args: dict[str, Any],
    *,
    status: str,
    at: datetime,
    result: dict[str, Any] | None = None,
    **more: Any,
) -> Iterator[Action | Grant]:
    """An action of Ana's that was begun at this time, and the permission it used."""
    tool = floor.registry.tool(tool_name)
    assert tool is not None
    workspace_id, settled = floor.people.workspace_id, at + timedelta(seconds=1)
    yield Action(
        id=action_id,
        workspace_id=workspace_id,
        principal_id="ana",
        channel=_CHANNEL,
        tool=tool_name,
        tool_version=tool.version,
        args=args,
        digest=action_id,
        origins={},
        status=status,
        verdict={"undo_s": 3600, "effect": tool.effect.value, "digests": {}},
        facts={},
        preview={"title": f"{tool_name} {action_id}", "details": []},
        token=1,
        attempt=1,
        sent_by=settled,
        outcome={"status": status, "result": result, "summary": f"{tool_name} was done"},
        created_at=at,
        settled_at=None if status == "unknown" else settled,
        **more,
    )
    yield Grant(
        id=f"gr_{action_id}",
        workspace_id=workspace_id,
        action_id=action_id,
        digest=action_id,
        source="policy",
        minted_at=at,
        expires_at=at + timedelta(hours=1),
        consumed_at=at,
    )


def tell(session: Session, floor: Floor, action: Action) -> None:
    """Have the log tell that this action was permitted and begun."""
    for type_ in _TOLD:
        floor.log.record(
            session,
            workspace_id=action.workspace_id,
            type=type_,
            subject=f"gr_{action.id}" if ":grant:" in type_ else action.id,
            actor="system:tools",
            at=action.created_at,
            reason="laid",
            action_id=action.id,
            versions={"content": action.digest, "source": "policy"},
        )
