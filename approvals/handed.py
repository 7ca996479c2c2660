"""Whom a question may be handed to, what was handed on, and what is kept of it when the question is
asked anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, select

from approvals.entitlement import authors, eligible, listed, places, stage_of
from approvals.loads import has_room
from approvals.people import People, Principal
from approvals.policy.judge import REQUESTER
from approvals.stages import Stage
from approvals.tables import Action, Decision, Disclosure, Handing, Request
from core.ids import derive_id

WAITS, HANDED, REFUSED, VOID = "waits", "handed", "refused", "void"


def not_ones_own(
    session: Session, people: People, request: Request, action: Action, person: Principal
) -> str | None:
    """Why this person, who may answer, has nothing to hand on; None when they have."""
    stage = stage_of(request)
    if stage.who == REQUESTER:
        return "You asked for this yourself: there is nobody else to hand it to."
    if person.id in answered(session, request):
        return "You have answered this already: there is nothing to hand on."
    for row in handings_of(session, request.id):
        if row.status == WAITS and row.by_id == person.id and row.stage == request.stage:
            return (
                f"You want to hand it to {name_of(people, row.to_id)} already: that is not agreed."
            )
    own = {place.id for place in places(people, action, stage, person)}
    if stage.asked and not own & set(stage.asked):
        asked = listed([one for one in map(people.by_id, stage.asked) if one])
        return f"You are not asked any more, {asked} is. You may still answer it yourself."
    return None


def wrong_choice(  # noqa: PLR0917 - all of one question
    session: Session,
    people: People,
    request: Request,
    action: Action,
    person: Principal,
    to: Principal,
) -> str | None:
    """Why it cannot be handed to `to`; None when it can. `people` as of now."""
    stage, name = stage_of(request), to.first_name
    if to.id == person.id:
        return "That is you. Choose somebody else."
    if to.id == action.principal_id:
        return f"{name} asked for this and cannot decide it too."
    if to not in receivers(people, action, stage, person):
        able = listed(open_to(session, people, request, action, person))
        return f"I cannot hand this to {name}; I can to {able}."
    if to.id in answered(session, request):
        return f"{name} has answered this already."
    then = handed_to(people, action, stage, person, to)
    if not _enough(session, request, then):
        return f"{name} is asked already, and {stage.quorum} must agree."
    if to.id in _refused(session, request.id):
        return f"Whoever asked for this did not want it shown to {name}."
    awaited = to.id in request.awaited
    if not has_room(session, to, request.workspace_id, besides=int(awaited)):
        return f"As much waits for {name} already as {name} takes. Choose somebody else."
    return None


def receivers(
    people: People, action: Action, stage: Stage, person: Principal
) -> tuple[Principal, ...]:
    """To whom this person may hand the question on. `people` as of now."""
    if stage.who == REQUESTER:
        return ()
    able = eligible(people, action, replace(stage, handed=tuple(p.id for p in people.everyone)))
    return tuple(each for each in able if each.id not in authors(action) | {person.id})


def open_to(
    session: Session, people: People, request: Request, action: Action, person: Principal
) -> tuple[Principal, ...]:
    """Of those, who has not answered it already."""
    able, gave = receivers(people, action, stage_of(request), person), answered(session, request)
    return tuple(each for each in able if each.id not in gave)


def handed_to(
    people: People, action: Action, stage: Stage, person: Principal, to: Principal
) -> Stage:
    """The stage once `to` is asked, in the place of `person`."""
    own = {place.id for place in places(people, action, stage, person)}
    asked = stage.asked or tuple(p.id for p in eligible(people, action, stage))
    asked = tuple(dict.fromkeys([*(one for one in asked if one not in own), to.id]))
    by_name = () if to in eligible(people, action, stage) else (to.id,)
    return replace(stage, asked=asked, handed=(*stage.handed, *by_name))


def answered(session: Session, request: Request, before: int | None = None) -> set[str]:
    """Ids of those who answered this question, and in whose place; before this stage, where one is
    said."""
    query = select(Decision.person_id, Decision.for_id).where(Decision.request_id == request.id)
    if before is not None:
        query = query.where(col(Decision.stage) < before)
    return {one for row in session.exec(query) for one in row}


def handings_of(session: Session, request_id: str) -> Sequence[Handing]:
    """Every handing on of this request, in their order."""
    query = select(Handing).where(Handing.request_id == request_id).order_by(col(Handing.n))
    return session.exec(query).all()


def insert(  # noqa: PLR0917 - one row
    session: Session,
    request: Request,
    by_id: str,
    to_id: str,
    why: str | None,
    now: datetime,
    status: str = WAITS,
) -> Handing:
    """That somebody hands this question on, in the stage it stands at."""
    number = len(handings_of(session, request.id))
    row = Handing(
        id=derive_id("hand", request.id, number),
        workspace_id=request.workspace_id,
        request_id=request.id,
        n=number,
        stage=request.stage,
        by_id=by_id,
        to_id=to_id,
        why=why.replace("\x00", "") if why else None,
        status=status,
        at=now,
    )
    session.add(row)
    session.flush()
    return row


def kept(
    session: Session, people: People, request: Request, action: Action, *, now: datetime
) -> tuple[Stage, Sequence[Principal]]:
    """The stage that begins, with what was handed on in the question this one takes the place of:
    where that asked the same people, and for each who still may answer; and those it was handed to.
    `people` as of now."""
    stage, receiving = stage_of(request), list[Principal]()
    gave = answered(session, request)
    for row in _before(session, action, stage):
        by, to = people.by_id(row.by_id), people.by_id(row.to_id)
        if by is None or to is None or not places(people, action, stage, by):
            continue
        then = handed_to(people, action, stage, by, to)
        may = to in receivers(people, action, stage, by) and to.id not in gave
        if may and _enough(session, request, then):
            insert(session, request, by.id, to.id, row.why, now, HANDED)
            stage = then
            receiving.append(to)
    return stage, receiving


def name_of(people: People, person_id: str) -> str:
    """A first name, or the id of somebody who has left."""
    person = people.by_id(person_id)
    return person.first_name if person else person_id


def _before(session: Session, action: Action, stage: Stage) -> Sequence[Handing]:
    if action.supersedes is None:
        return ()
    query = select(Request).where(Request.action_id == action.supersedes)
    older = session.exec(query).first()
    if older is None:
        return ()
    stages = [stage_of(older, number) for number in range(len(older.stages))]
    same = {n for n, s in enumerate(stages) if (s.who, s.hand_to) == (stage.who, stage.hand_to)}
    rows = handings_of(session, older.id)
    return [row for row in rows if row.status == HANDED and row.stage in same]


def _enough(session: Session, request: Request, stage: Stage) -> bool:
    """Whether those asked can fill it: whoever answered an earlier stage answers no more."""
    before = answered(session, request, before=request.stage)
    return len(set(stage.asked) - before) >= stage.quorum


def _refused(session: Session, request_id: str) -> set[str]:
    rows = session.exec(
        select(Disclosure).where(
            Disclosure.request_id == request_id, Disclosure.status == "refused"
        )
    )
    return {person_id for row in rows for person_id in row.people}
