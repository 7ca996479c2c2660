"""What was given for a time runs out: the log says so once, looked at by the keeper.

Nothing waits for this: whatever looks at a scope, a yes in advance or an absence looks at its time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, or_, select

from approvals.delegating import run_out
from approvals.elevation import holder_words
from approvals.for_a_time import Given, end, lasting
from approvals.objections import ended_by_objection
from approvals.people import People
from approvals.rights_tables import Elevation, StandingPermission
from approvals.standing import left
from audit.log import Log

_ACTOR = "system:approvals"


def end_due(session: Session, log: Log, people: People, *, now: datetime, limit: int = 100) -> int:
    """Note what ran out, and end what somebody spoke against; returns how much it was."""
    ended = 0
    for row, said in _over(session, people, now, limit):
        ended += end(session, log, row, "ended", actor=_ACTOR, said=said, now=now)
    for permission in _locked(session, StandingPermission, lasting(StandingPermission, now), None):
        ended += ended_by_objection(session, log, people, permission, now=now)
    return ended + run_out(session, log, people, now=now, limit=limit)


def _over(
    session: Session, people: People, now: datetime, limit: int
) -> Iterator[tuple[Given, str]]:
    used_up = col(StandingPermission.used) >= col(StandingPermission.uses)
    late = col(StandingPermission.expires_at) <= now
    over = [col(StandingPermission.ended_at).is_(None), or_(late, used_up)]
    for row in _locked(session, StandingPermission, over, limit):
        why = "used up" if row.used >= row.uses else "its time is over"
        yield row, f"The standing permission ended: {why} ({left(row)})"
    timed = [col(Elevation.ended_at).is_(None), col(Elevation.expires_at) <= now]
    for scope in _locked(session, Elevation, timed, limit):
        who = holder_words(people, scope.holder)
        yield scope, f"{who} may not use {scope.scope} any more: its time is over"


def _locked(session: Session, table: Any, conditions: list[Any], limit: int | None) -> Any:
    """Rows that no other keeper looks at now."""
    query = select(table).where(*conditions).order_by(col(table.expires_at)).limit(limit)
    locked = query.with_for_update(skip_locked=True)
    return session.exec(locked.execution_options(populate_existing=True)).all()
