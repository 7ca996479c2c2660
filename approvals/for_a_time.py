"""What is given for a time (a yes in advance, a scope): in force, ended, in the log.

It stops counting by its own conditions, whoever looks. That it ended is noted once, in `ended_at`
and one event: by whoever ends it, or by the keeper when its time is over (`approvals/running_out`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col

from approvals.rights_tables import Elevation, StandingPermission
from audit.log import Log

Given = StandingPermission | Elevation
#: Told to whoever may not revoke it, and where there is nothing of that id.
NOT_YOURS = "You cannot revoke this."
#: Told to whoever is late.
OVER = "This has ended before."
_KINDS = {StandingPermission: "standing", Elevation: "elevation"}


def lasting(table: type[Given], now: datetime) -> list[Any]:
    """The conditions on a row that is in force."""
    return [col(table.ended_at).is_(None), col(table.expires_at) > now]


def end(
    session: Session,
    log: Log,
    row: Given,
    what: str,
    *,
    actor: str,
    said: str,
    now: datetime,
) -> bool:
    """It is `revoked` or has `ended`, from now on; False when it had before."""
    table = type(row)
    changed = session.execute(
        update(table)
        .where(col(table.id) == row.id, col(table.ended_at).is_(None))
        .values(ended_at=now, ended_by=actor)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        return False
    note(session, log, row, what, actor=actor, reason=said, now=now)
    return True


def note(
    session: Session,
    log: Log,
    row: Given,
    what: str,
    *,
    actor: str,
    reason: str,
    now: datetime,
    action_id: str | None = None,
) -> None:
    """One event of this row, of the action that asked for it unless another is named."""
    log.record(
        session,
        workspace_id=row.workspace_id,
        type=f"approvals:{_KINDS[type(row)]}:{what}",
        subject=row.id,
        actor=actor,
        at=now,
        reason=reason,
        action_id=action_id or row.action_id,
    )
