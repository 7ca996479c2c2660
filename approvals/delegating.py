"""Being away: somebody names who decides in their place for a time. Every change is an event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from approvals.people import People, Principal
from approvals.people_tables import Delegation
from audit.log import Log
from core.ids import new_id

_ACTOR = "system:approvals"


def delegate(
    session: Session,
    log: Log,
    people: People,
    *,
    person: Principal,
    to: Principal,
    since: datetime,
    until: datetime,
    now: datetime,
) -> Delegation:
    """`to` decides in the place of `person` from `since` to `until`; what was said of any of that
    time before ends."""
    for row in standing(session, people, person=person, now=now):
        if row.since < until and since < row.until:
            _end(session, log, people, row, person.id, now)
    row = Delegation(
        id=new_id("del"),
        workspace_id=people.workspace_id,
        person_id=person.id,
        delegate_id=to.id,
        since=since,
        until=until,
        created_at=now,
    )
    session.add(row)
    session.flush()
    said = (
        f"{to.first_name} decides for {person.first_name} "
        f"from {_day(since, person)} to {_day(until, person)}"
    )
    _record(session, log, row, "begun", said, person.id, now)
    return row


def end_delegation(
    session: Session, log: Log, people: People, *, person: Principal, now: datetime
) -> int:
    """End everything this person has said of who decides for them; returns how many."""
    rows = standing(session, people, person=person, now=now)
    return sum(_end(session, log, people, row, person.id, now) for row in rows)


def run_out(session: Session, log: Log, people: People, *, now: datetime, limit: int) -> int:
    """Note whose time as a stand-in is over, where nobody ended it; returns how many."""
    query = (
        select(Delegation)
        .where(
            Delegation.workspace_id == people.workspace_id,
            col(Delegation.ended_at).is_(None),
            Delegation.until <= now,
        )
        .order_by(col(Delegation.until))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = session.exec(query).all()
    return sum(_end(session, log, people, row, _ACTOR, now) for row in rows)


def standing(
    session: Session, people: People, *, person: Principal, now: datetime
) -> Sequence[Delegation]:
    """What this person has said of who decides for them, now or later."""
    query = (
        select(Delegation)
        .where(
            Delegation.workspace_id == people.workspace_id,
            Delegation.person_id == person.id,
            col(Delegation.ended_at).is_(None),
            Delegation.until > now,
        )
        .order_by(col(Delegation.since), col(Delegation.id))
    )
    return session.exec(query).all()


def _end(  # noqa: PLR0917 - a private call
    session: Session, log: Log, people: People, row: Delegation, actor: str, now: datetime
) -> bool:
    ended = session.execute(
        update(Delegation)
        .where(col(Delegation.id) == row.id, col(Delegation.ended_at).is_(None))
        .values(ended_at=now)
        .execution_options(synchronize_session=False)
    )
    if ended.rowcount != 1:  # type: ignore[attr-defined]
        return False
    name, owner = (_name(people, each) for each in (row.delegate_id, row.person_id))
    said = f"{name} does not decide for {owner} any more"
    _record(session, log, row, "ended", said, actor, now)
    return True


def _name(people: People, person_id: str) -> str:
    person = people.by_id(person_id)
    return person.first_name if person else person_id


def _record(  # noqa: PLR0917 - a private call
    session: Session,
    log: Log,
    row: Delegation,
    what: str,
    reason: str,
    actor: str,
    now: datetime,
) -> None:
    log.record(
        session,
        workspace_id=row.workspace_id,
        type=f"approvals:delegation:{what}",
        subject=row.id,
        actor=actor,
        at=now,
        reason=reason,
    )


def _day(at: datetime, person: Principal) -> str:
    local = at.astimezone(person.zone)
    return f"{local:%a} {local.day} {local:%b} {local:%H:%M}"
