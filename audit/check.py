"""Whether what is stored is still what was logged, and whether what was begun was permitted.

It finds what was changed, taken out or put in piece by piece. Whoever can write to the database
past its triggers can also write whole entries anew, or leave out the newest ones: an entry's hash
needs no key, and nothing outside knows them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import Session, col, select

from audit.leaf import leaf_of, stored_values
from audit.links import TYPES, Told, unlinked
from audit.log import ERASED, Log
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
    """Recompute every event's leaf from its stored row, open every body against its commitment,
    look for gaps in the order and for contents nobody erased, and ask of each action whether it was
    permitted (`audit.links`); with `action_id` only that action's events."""
    problems: list[Mismatch] = []
    told: dict[str, list[Told]] = defaultdict(list)
    events = bodies = erased = said_erased = 0
    for event in _events(session, action_id):
        events += 1
        problems.extend(_row_problem(event))
        if event.action_id is not None and event.type in TYPES:
            told[event.action_id].append(_told(event))
        if event.type == ERASED:
            said_erased += int(event.versions.get("bodies", 0))
        if event.commitment is None:
            continue
        if session.get(EventBody, event.id) is None:
            erased += 1
            continue
        bodies += 1
        problems.extend(_body_problem(session, log, event))
    for of_action in [one for one, entries in told.items() if any(unlinked(entries))]:
        # Or it was written while this was reading: looked at once more.
        problems.extend(Mismatch(*found) for found in unlinked(_of(session, of_action)))
    if action_id is None:
        problems.extend(_order_problem(session))
        if erased > said_erased:
            lost = erased - said_erased
            problems.append(Mismatch("", f"{lost} contents are gone that nobody erased"))
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


def _of(session: Session, action_id: str) -> list[Told]:
    query = select(Event).where(Event.action_id == action_id, col(Event.type).in_(TYPES))
    return [_told(event) for event in session.exec(query.order_by(col(Event.id)))]


def _told(event: Event) -> Told:
    return Told(event.id, event.type, event.subject, event.actor, event.versions)


def _body_problem(session: Session, log: Log, event: Event) -> list[Mismatch]:
    try:
        opened = log.body(session, event.id)
    except AuditError as error:
        return [Mismatch(event.id, error.sentence)]
    return [Mismatch(event.id, "its content cannot be opened")] if opened is None else []


def _order_problem(session: Session) -> list[Mismatch]:
    count, last = session.exec(
        select(func.count(col(EventOrder.position)), func.max(EventOrder.position))
    ).one()
    missing = last + 1 - count if count else 0
    joined = select(func.count()).select_from(EventOrder).join(Event)
    missing += count - session.exec(joined).one()
    return [Mismatch("", f"{missing} entries are missing from the order")] if missing else []
