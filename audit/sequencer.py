"""The gapless order of events, given after the fact so that writers never wait for each other."""

from __future__ import annotations

from sqlalchemy import func, insert, text
from sqlmodel import Session, col, select

from audit.tables import Event, EventOrder

#: Names the lock in PostgreSQL's own space of advisory locks ("SIGN" in ASCII).
_LOCK = 0x5349474E


def order_events(session: Session, *, limit: int = 1000) -> int:
    """Give the next positions (from 0, without gaps) to up to `limit` events that have none.

    Returns how many got one. Run under a lease by one process; two at once are still safe, because
    the second waits for the first's commit.
    """
    _one_at_a_time(session)
    last = session.exec(select(func.max(EventOrder.position))).one()
    start = 0 if last is None else last + 1
    waiting = session.exec(
        select(Event.id)
        .outerjoin(EventOrder, col(EventOrder.event_id) == col(Event.id))
        .where(col(EventOrder.event_id).is_(None))
        .order_by(col(Event.at), col(Event.id))
        .limit(limit)
    ).all()
    if waiting:
        rows = [
            {"position": start + index, "event_id": event_id}
            for index, event_id in enumerate(waiting)
        ]
        session.execute(insert(EventOrder), rows)
    return len(waiting)


def _one_at_a_time(session: Session) -> None:
    # SQLite's transaction already holds the only write lock.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
