"""Handing a question on: another of those entitled is asked in one's place.

It widens nothing: who may answer stays as it is, except where the rule names others it may be
handed to (`hand_to`), and then only for those it was handed to. Where whoever it would be handed to
cannot read what it came from, the asker is asked first, and until they agree nothing changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, select

from approvals.asking import ask_asker, show_card
from approvals.decided import Decided
from approvals.directory import as_of
from approvals.editing import may_answer, why_not
from approvals.entitlement import authors, eligible, listed, places, stage_of
from approvals.keeping_time import plan, put_stage
from approvals.loads import has_room
from approvals.noting import note
from approvals.people import People, Principal
from approvals.policy.judge import REQUESTER
from approvals.seeing import may_see
from approvals.stages import Stage
from approvals.tables import Action, Decision, Disclosure, Handing, Request
from audit.log import Log
from core.ids import derive_id
from core.posts import ask_post, refresh_posts

WAITS, HANDED, REFUSED, VOID = "waits", "handed", "refused", "void"


def hand_on(
    session: Session,
    log: Log,
    people: People,
    *,
    request_id: str,
    person: Principal,
    to: Principal,
    now: datetime,
    why: str | None = None,
) -> Decided:
    """Have `to` asked in the place of `person`, who may say why; the sentence says what came of it.
    With the outcome `wrong_choice` another choice of `to` may help."""
    action = may_answer(session, people, request_id, person, now=now)
    if action is None:
        return why_not_hand(session, log, people, request_id, person, now=now)
    request = session.get_one(Request, request_id)
    people = as_of(session, people, now=now)
    problem = not_ones_own(session, people, request, action, person)
    if problem is not None:
        return Decided("not_allowed", problem)
    wrong = wrong_choice(session, people, request, action, person, to)
    if wrong is not None:
        return Decided("wrong_choice", wrong)
    handing = _insert(session, request, person, to, why, now)
    if may_see(session, request, action, to):
        _hand(session, log, people, request, action, handing, now=now)
        return Decided("handed", f"Handed to {to.first_name}, who is asked now.")
    said = f"{person.first_name} wants to hand it to {to.first_name}; the asker is asked first"
    note(session, log, action, "handing", said, actor=person.id, now=now, words=handing.why or None)
    ask_asker(session, request, action, [to], now=now, handing=handing)
    refresh_posts(session, subject=action.id, kind="card", now=now)
    asker = people.by_id(action.principal_id)
    name = asker.first_name if asker else "Whoever asked for this"
    return Decided(
        "handed",
        f"{to.first_name} cannot read where this was asked. {name} is asked first whether "
        f"{to.first_name} may see it; until then it stays with you.",
    )


def why_not_hand(
    session: Session,
    log: Log,
    people: People,
    request_id: str,
    person: Principal,
    *,
    now: datetime,
) -> Decided:
    """Why this person cannot hand it on, where `may_answer` said no in the same transaction."""
    told = why_not(session, log, people, request_id, person, now=now)
    request = session.get(Request, request_id)
    settled = request is None or request.status != "pending"
    return Decided("already_decided" if settled else "not_allowed", told)


def not_ones_own(
    session: Session, people: People, request: Request, action: Action, person: Principal
) -> str | None:
    """Why this person, who may answer, has nothing to hand on; None when they have."""
    stage = stage_of(request)
    if stage.who == REQUESTER:
        return "You asked for this yourself: there is nobody else to hand it to."
    if _answered(session, request, person):
        return "You have answered this already: there is nothing to hand on."
    for row in handings_of(session, request.id):
        if row.status == WAITS and row.by_id == person.id and row.stage == request.stage:
            return f"You want to hand it to {_name(people, row.to_id)} already: that is not agreed."
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
    if _answered(session, request, to):
        return f"{name} has answered this already."
    if len(_asked_then(people, action, stage, person, to)) < stage.quorum:
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
    able = receivers(people, action, stage_of(request), person)
    return tuple(each for each in able if not _answered(session, request, each))


def handings_of(session: Session, request_id: str) -> Sequence[Handing]:
    """Every handing on of this request, in their order."""
    query = select(Handing).where(Handing.request_id == request_id).order_by(col(Handing.n))
    return session.exec(query).all()


def go_on(
    session: Session, log: Log, people: People, request: Request, handing: Handing, *, now: datetime
) -> str | None:
    """The asker agreed that it is seen: hand it on, where that is still possible; else why not.
    The request's row is locked, `people` as of now."""
    action = session.get_one(Action, request.action_id)
    by, to = people.by_id(handing.by_id), people.by_id(handing.to_id)
    handing.status = VOID
    session.add(handing)
    session.flush()
    if by is None or to is None or handing.stage != request.stage:
        return "Others are asked meanwhile, so it was not handed on."
    if not places(people, action, stage_of(request), by):
        return f"{by.first_name} is not asked any more, so it was not handed on."
    problem = not_ones_own(session, people, request, action, by)
    problem = problem or wrong_choice(session, people, request, action, by, to)
    if problem is not None:
        return f"It was not handed on: that is not possible any more for {to.first_name}."
    _hand(session, log, people, request, action, handing, now=now)
    return None


def come_back(
    session: Session, people: People, request: Request, handing: Handing, *, now: datetime
) -> None:
    """The asker did not want it seen: it stays where it was, and whoever has it is told."""
    handing.status = REFUSED
    session.add(handing)
    session.flush()
    action = session.get_one(Action, request.action_id)
    by = people.by_id(handing.by_id)
    asker = _name(people, action.principal_id)
    title = str((action.preview or {}).get("title") or action.tool)
    refresh_posts(session, subject=action.id, kind="card", now=now)
    if by is None:
        return
    ask_post(
        session,
        workspace_id=request.workspace_id,
        subject=handing.id,
        kind="notice",
        channel=by.slack_id,
        thread_ts=None,
        body={
            "text": f"{asker} did not want “{title}” shown to {_name(people, handing.to_id)}, "
            "so it still waits for you."
        },
        now=now,
    )


def _hand(  # noqa: PLR0917 - a private call
    session: Session,
    log: Log,
    people: People,
    request: Request,
    action: Action,
    handing: Handing,
    *,
    now: datetime,
) -> None:
    stage = stage_of(request)
    by, to = people.by_id(handing.by_id), people.by_id(handing.to_id)
    assert by is not None
    assert to is not None
    handed = stage.handed
    if to not in eligible(people, action, stage):
        handed = (*handed, to.id)
    asked = _asked_then(people, action, stage, by, to)
    put_stage(session, request, replace(stage, asked=asked, handed=handed))
    handing.status = HANDED
    session.add(handing)
    # Whoever is asked now has their own time before they are reminded.
    request.stage_at = now
    plan(session, people, request, action, now=now)
    said = f"{by.first_name} handed it to {to.first_name}"
    note(session, log, action, "handed", said, actor=by.id, now=now, words=handing.why or None)
    show_card(session, request, action, [to, *people.deciding_for(to.id)], now=now)
    refresh_posts(session, subject=action.id, kind="card", now=now)
    refresh_posts(session, subject=action.id, kind="status", now=now)


def _asked_then(
    people: People, action: Action, stage: Stage, person: Principal, to: Principal
) -> tuple[str, ...]:
    """Ids of those who are asked once `to` is, in the place of `person`."""
    own = {place.id for place in places(people, action, stage, person)}
    asked = stage.asked or tuple(p.id for p in eligible(people, action, stage))
    return tuple(dict.fromkeys([*(one for one in asked if one not in own), to.id]))


def _insert(  # noqa: PLR0917 - one row
    session: Session,
    request: Request,
    person: Principal,
    to: Principal,
    why: str | None,
    now: datetime,
) -> Handing:
    number = len(handings_of(session, request.id))
    row = Handing(
        id=derive_id("hand", request.id, number),
        workspace_id=request.workspace_id,
        request_id=request.id,
        n=number,
        stage=request.stage,
        by_id=person.id,
        to_id=to.id,
        why=why.replace("\x00", "") if why else None,
        status=WAITS,
        at=now,
    )
    session.add(row)
    session.flush()
    return row


def _answered(session: Session, request: Request, person: Principal) -> bool:
    query = select(Decision.id).where(
        Decision.request_id == request.id,
        (col(Decision.person_id) == person.id) | (col(Decision.for_id) == person.id),
    )
    return session.exec(query).first() is not None


def _refused(session: Session, request_id: str) -> set[str]:
    rows = session.exec(
        select(Disclosure).where(
            Disclosure.request_id == request_id, Disclosure.status == "refused"
        )
    )
    return {person_id for row in rows for person_id in row.people}


def _name(people: People, person_id: str) -> str:
    person = people.by_id(person_id)
    return person.first_name if person else person_id
