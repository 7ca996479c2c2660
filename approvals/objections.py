"""What people said no to since a standing permission was asked for: with that it ends.

Rejecting what it covers counts, whoever chose its values, and so does taking back what it covers.
Looked for where a permission is about to answer a question and again where it is used up, so that
every no that stands by then counts; and by the keeper, so that people hear of it soon. A question
that nobody answered is nobody's no, whatever becomes of it (ADR 0025).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from approvals.bounds import Bounds, values_outside
from approvals.decided import approved_by, rejected_by
from approvals.for_a_time import end
from approvals.people import People
from approvals.rights_tables import StandingPermission
from approvals.subjects import subject_of
from approvals.tables import Action, Compensation
from approvals.undoing import TAKEN_BACK
from audit.log import Log
from core.notices import tell

_ACTOR = "system:approvals"
#: What is taken back because of another step says nothing about itself.
_UNASKED = ("offered", "kept")


def ended_by_objection(
    session: Session, log: Log, people: People, row: StandingPermission, *, now: datetime
) -> bool:
    """Whether somebody said no since: then it has ended, and whom it concerns is told why."""
    why = objection(session, people, row)
    if why is None:
        return False
    said = f"It was ended: {why}"
    if end(session, log, row, "ended", actor=_ACTOR, said=said, now=now):
        _tell(session, people, row, why, now=now)
    return True


def objection(session: Session, people: People, row: StandingPermission) -> str | None:
    """Who said no to what it covers, as a sentence's end; None while nobody did."""
    given = session.get_one(Action, row.action_id)
    bounds = Bounds.from_json(row.bounds)
    # From when on its asking did not look: what was rejected before, it could not be asked for.
    for action, why in (
        *_rejected(session, people, row, given.created_at),
        *_taken_back(session, people, row, given.created_at),
    ):
        if _hits(people, bounds, action):
            return why
    return None


def _rejected(
    session: Session, people: People, row: StandingPermission, since: datetime
) -> Iterator[tuple[Action, str]]:
    query = select(Action).where(*_alike(row), Action.status == "rejected")
    for action in session.exec(query.where(col(Action.settled_at) >= since)):
        voter = rejected_by(session, action.id)
        if voter is not None:
            yield action, f"{_name(people, voter)} said no to one of them"


def _taken_back(
    session: Session, people: People, row: StandingPermission, since: datetime
) -> Iterator[tuple[Action, str]]:
    """Before it was begun, and after it was done; not with the rest of a piece of work."""
    held = select(Action).where(*_alike(row), Action.status == "cancelled")
    for action in session.exec(held.where(col(Action.settled_at) >= since)):
        if (action.outcome or {}).get("code") == TAKEN_BACK:
            yield action, "one of them was taken back"
    undo = aliased(Action)
    done = select(Action, undo.undone_by).join(undo, col(undo.undoes) == col(Action.id))
    for action, by in session.exec(done.where(*_alike(row), col(undo.created_at) >= since)):
        if not _compensated(session, action, by):
            yield action, f"{_name(people, by)} took one of them back"


def _alike(row: StandingPermission) -> tuple[bool, ...]:
    return (
        Action.workspace_id == row.workspace_id,
        Action.principal_id == row.principal_id,
        Action.tool == row.tool,
    )


def _compensated(session: Session, action: Action, by: str | None) -> bool:
    """Whether it went with the rest, by whoever had the rest taken back: what somebody else took
    back by itself before stays a no."""
    query = select(Compensation).where(
        Compensation.turn_id == action.turn_id,
        col(Compensation.status).not_in(_UNASKED),
        Compensation.decided_by == by,
    )
    return any(action.id in each.steps for each in session.exec(query))


def _hits(people: People, bounds: Bounds, action: Action) -> bool:
    """Whether the same done by the asker's own word would be covered. What cannot be told, is."""
    asker = people.by_id(action.principal_id)
    if action.undoes is not None:
        return False
    if asker is None or action.preview is None or action.verdict is None:
        return True
    try:
        subject = subject_of(
            tool=action.tool,
            effect=action.verdict["effect"],
            args=action.args,
            principal=asker,
            channel=action.channel,
            automation=action.automation,
            origins=action.origins,
            authority=action.preview["authority"],
            preview=action.preview,
            undoes=False,
            at=action.created_at,
        )
    except (KeyError, TypeError, ValueError):
        return True
    return values_outside(bounds, subject) is None


def _tell(
    session: Session, people: People, row: StandingPermission, why: str, *, now: datetime
) -> None:
    """The one it is for and those who gave it, each by themselves."""
    given = session.get_one(Action, row.action_id)
    title = (given.preview or {}).get("title") or "What was allowed without asking each time"
    concerned = dict.fromkeys([row.principal_id, *approved_by(session, row.action_id)])
    users = [person.slack_id for person in map(people.by_id, concerned) if person is not None]
    said = f"“{title}” has ended: {why}. It is asked again from now on."
    tell(session, users, said, workspace_id=row.workspace_id, subject=row.id, now=now)


def _name(people: People, person_id: str | None) -> str:
    person = people.by_id(person_id or "")
    return person.first_name if person else "somebody"
