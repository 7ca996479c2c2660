"""What happens to a question, in the log."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from approvals.tables import Action
from audit.log import Log
from core.ids import derive_id


def note(
    session: Session,
    log: Log,
    action: Action,
    what: str,
    reason: str,
    *,
    actor: str,
    now: datetime,
    words: str | None = None,
) -> None:
    """One `approvals:request:…` event of the question about this action; `words` are a person's
    own, which can be erased."""
    log.record(
        session,
        workspace_id=action.workspace_id,
        type=f"approvals:request:{what}",
        subject=derive_id("req", action.id),
        actor=actor,
        at=now,
        reason=reason,
        turn_id=action.turn_id,
        action_id=action.id,
        body={"words": words} if words is not None else None,
    )
