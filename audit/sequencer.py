"""The gapless order of events, given after the fact so that writers never wait for each other."""

from __future__ import annotations

from sqlalchemy import func, insert, text
from sqlmodel import Session, col, select

from audit.tables import Event, EventOrder
from core.ids import new_id

#: Names the lock in PostgreSQL's own space of advisory locks ("SIGN" in ASCII).
_LOCK = 0x5349474E
#: An id is made before its commit: what commits later than this is left to the walk.
_COMMITS_WITHIN_MS = 60_000
#: After all ids, which are hexadecimal behind their prefix.
_LAST = "evt_g"


class Sequencer:
    """Orders what is new, pass by pass, and walks through the rest again and again.

    A pass looks at the events of the last minute and at `step` older ones, however many there are:
    what some worker committed very late is met by the walk.
    """

    def __init__(self, *, step: int = 500) -> None:
        self._step = step
        self._since: str | None = None
        self._walked = ""

    def order(self, session: Session, *, limit: int = 500) -> int:
        """Order up to `limit` new events, and what the walk meets; how many."""
        begun = _before(new_id("evt"))
        since = _last_ordered(session) if self._since is None else self._since
        found = order_events(session, limit=limit, since=since)
        self._since = begun if found < limit else since
        return found + self._walk(session)

    def _walk(self, session: Session) -> int:
        piece = select(Event.id).where(Event.id > self._walked).order_by(col(Event.id))
        end = session.exec(piece.offset(self._step - 1).limit(1)).first()
        since, self._walked = self._walked, end or ""
        return order_events(session, limit=self._step, since=since, until=end or _LAST)


def order_events(
    session: Session, *, limit: int = 1000, since: str = "", until: str = _LAST
) -> int:
    """Give the next positions (from 0, without gaps) to up to `limit` events that have none, among
    those whose ids lie between `since` and `until`.

    Returns how many got one. Run under a lease by one process; two at once are still safe, because
    the second waits for the first's commit.
    """
    _one_at_a_time(session)
    waiting = session.exec(
        select(Event.id)
        .outerjoin(EventOrder, col(EventOrder.event_id) == col(Event.id))
        .where(col(EventOrder.event_id).is_(None), Event.id > since, Event.id <= until)
        .order_by(col(Event.at), col(Event.id))
        .limit(limit)
    ).all()
    if waiting:
        last = session.exec(select(func.max(EventOrder.position))).one()
        start = 0 if last is None else last + 1
        rows = [
            {"position": start + index, "event_id": event_id}
            for index, event_id in enumerate(waiting)
        ]
        session.execute(insert(EventOrder), rows)
    return len(waiting)


def _last_ordered(session: Session) -> str:
    """From where on what is new lies, for who has just begun."""
    query = select(EventOrder.event_id).order_by(col(EventOrder.position).desc()).limit(1)
    last = session.exec(query).first()
    return "" if last is None else _before(last)


def _before(event_id: str) -> str:
    """Before every id made up to a minute before this one: they begin with their milliseconds."""
    prefix, _, digits = event_id.partition("_")
    return f"{prefix}_{int(digits[:12], 16) - _COMMITS_WITHIN_MS:012x}"


def _one_at_a_time(session: Session) -> None:
    # SQLite's transaction already holds the only write lock.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
