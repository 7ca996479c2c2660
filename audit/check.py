"""Whether what is stored is still what was logged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import Session, col, select

from audit.leaf import leaf_of, stored_values
from audit.log import Log
from audit.tables import Event, EventBody, EventOrder
from core.canonical import NotCanonical
from core.errors import AuditError

_CHUNK = 1000


@dataclass(frozen=True)
class Mismatch:
    """One thing found wrong, in words."""

    event_id: str
    problem: str


@dataclass(frozen=True)
class Checked:
    """`events` were looked at; intact when nothing was found wrong."""

    events: int
    bodies: int
    erased: int
    problems: tuple[Mismatch, ...]

    @property
    def intact(self) -> bool:
        return not self.problems

    @property
    def sentence(self) -> str:
        if self.problems:
            return f"NOT INTACT: {len(self.problems)} of {self.events} entries do not fit"
        erased = f", {self.erased} erased on request" if self.erased else ""
        return f"intact: {self.events} entries, {self.bodies} with their content{erased}"


def check(session: Session, log: Log, *, action_id: str | None = None) -> Checked:
    """Recompute every event's leaf from its stored row, open every body against its commitment
    and look for gaps in the order; with `action_id` only that action's events."""
    problems: list[Mismatch] = []
    events = bodies = erased = 0
    for event in _events(session, action_id):
        events += 1
        problems.extend(_row_problem(event))
        if event.commitment is None:
            continue
        if session.get(EventBody, event.id) is None:
            erased += 1
            continue
        bodies += 1
        problems.extend(_body_problem(session, log, event))
    if action_id is None:
        problems.extend(_order_problem(session))
    return Checked(events, bodies, erased, tuple(problems))


def _events(session: Session, action_id: str | None) -> Iterable[Event]:
    after = ""
    while True:
        query = select(Event).where(Event.id > after).order_by(col(Event.id)).limit(_CHUNK)
        if action_id is not None:
            query = query.where(Event.action_id == action_id)
        rows = session.exec(query).all()
        if not rows:
            return
        yield from rows
        after = rows[-1].id


def _row_problem(event: Event) -> list[Mismatch]:
    try:
        same = leaf_of(stored_values(event)) == event.leaf
    except NotCanonical:
        same = False
    return [] if same else [Mismatch(event.id, "the entry was changed after it was written")]


def _body_problem(session: Session, log: Log, event: Event) -> list[Mismatch]:
    try:
        log.body(session, event.id)
    except AuditError as error:
        return [Mismatch(event.id, error.sentence)]
    return []


def _order_problem(session: Session) -> list[Mismatch]:
    count, last = session.exec(
        select(func.count(col(EventOrder.position)), func.max(EventOrder.position))
    ).one()
    if count and last != count - 1:
        return [Mismatch("", f"{last + 1 - count} entries are missing from the order")]
    return []
