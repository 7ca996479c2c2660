"""Whom a question may be handed to, what was handed on, and what is kept of it when the question is
asked anew."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session, col, select

from approvals.entitlement import authors, eligible, listed, places, stage_of
from approvals.loads import has_room
from approvals.people import People, Principal
from approvals.policy.judge import REQUESTER
from approvals.seeing import may_see
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


@dataclass(frozen=True)
class Kept:
    """What is left of what was handed on before, in the stage that begins."""

    stage: Stage
    #: Those it is handed to.
    to: tuple[Principal, ...]
    #: Where the asker has yet to agree, once more, that it is shown to somebody.
    waits: tuple[Handing, ...]
    #: Handings that the asker had yet to agree to, and that are not possible any more.
    over: tuple[Handing, ...]


def kept(
    session: Session, people: People, request: Request, action: Action, *, now: datetime
) -> Kept:
    """What was handed on in the question this one takes the place of: where that asked the same
    people, and for each who still may answer. `people` as of now."""
    stage, to = stage_of(request), list[Principal]()
    waits, over = list[Handing](), list[Handing]()
    gave = answered(session, request)
    for row in _before(session, request, action, stage):
        able = _again(people, action, stage, row, gave)
        then = handed_to(people, action, stage, *able) if able else stage
        if able is None or not _enough(session, request, then):
            over += [row] if row.status == WAITS else []
            continue
        agreed = row.status == HANDED or may_see(session, request, action, able[1])
        status = HANDED if agreed else WAITS
        made = insert(session, request, row.by_id, row.to_id, row.why, now, status)
        if agreed:
            stage = then
            to.append(able[1])
        else:
            waits.append(made)
    return Kept(stage, tuple(to), tuple(waits), tuple(over))


def _again(
    people: People, action: Action, stage: Stage, row: Handing, gave: Collection[str]
) -> tuple[Principal, Principal] | None:
    """By whom and to whom, where both still may answer."""
    by, to = people.by_id(row.by_id), people.by_id(row.to_id)
    if by is None or to is None or to.id in gave or not places(people, action, stage, by):
        return None
    return (by, to) if to in receivers(people, action, stage, by) else None


def name_of(people: People, person_id: str) -> str:
    """A first name, or the id of somebody who has left."""
    person = people.by_id(person_id)
    return person.first_name if person else person_id


def _before(session: Session, request: Request, action: Action, stage: Stage) -> Sequence[Handing]:
    """What was handed on, or wanted to be, when the same people were asked last: further back than
    questions that were asked anew before it was their turn. Where they are asked no more, what
    waited then, once."""
    asked = {_asks(stage_of(request, number)) for number in range(len(request.stages))}
    while action.supersedes is not None:
        older = session.exec(select(Request).where(Request.action_id == action.supersedes)).first()
        action = session.get_one(Action, action.supersedes)
        if older is None:
            continue
        stages = [stage_of(older, number) for number in range(len(older.stages))]
        same = {number for number, one in enumerate(stages) if _asks(one) == _asks(stage)}
        if not same:
            gone = [row for row in handings_of(session, older.id) if row.status == WAITS]
            gone = [row for row in gone if _asks(stages[row.stage]) not in asked]
            return gone if request.stage == 0 else ()
        if older.withheld is None and min(same) <= older.stage:
            rows = handings_of(session, older.id)
            return [row for row in rows if row.status in (WAITS, HANDED) and row.stage in same]
    return ()


def _asks(stage: Stage) -> tuple[str, str]:
    return stage.who, stage.hand_to


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
