"""Handing a question on: another of those entitled is asked in one's place.

It widens nothing: who may answer stays as it is, except where the rule names others it may be
handed to (`hand_to`), and then only for those it was handed to.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, select

from approvals.asking import show_card
from approvals.directory import as_of
from approvals.entitlement import authors, eligible, entitled, listed, places, stage_of
from approvals.keeping_time import plan, put_stage
from approvals.people import People, Principal
from approvals.policy import REQUESTER
from approvals.requests import Decided
from approvals.stages import Stage
from approvals.tables import Action, Request
from audit.log import Log
from core.posts import refresh_posts


def hand_on(
    session: Session,
    log: Log,
    people: People,
    *,
    request_id: str,
    person: Principal,
    to: Principal,
    now: datetime,
) -> Decided:
    """Have `to` asked in the place of `person`; the sentence says what came of it."""
    request = session.exec(
        select(Request)
        .where(Request.id == request_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if request is None or request.status != "pending" or request.expires_at <= now:
        return Decided("already_decided", "This is settled already: there is nothing to hand on.")
    action = session.get_one(Action, request.action_id)
    people = as_of(session, people, now=now)
    stage = stage_of(request)
    allowed, why = entitled(people, action, stage, person)
    if not allowed:
        return Decided("not_allowed", why)
    if to not in receivers(people, action, stage, person):
        able = listed(receivers(people, action, stage, person))
        return Decided("not_allowed", f"I cannot hand this to {to.first_name}; I can to {able}.")
    hidden = request.readers is not None and to.slack_id not in request.readers
    if request.withheld is not None or (hidden and to not in eligible(people, action, stage)):
        # The asker agreed to nobody but those who could be asked from the beginning.
        return Decided("not_allowed", f"{to.first_name} may not read where this was asked.")
    _hand(session, people, request, action, stage, person=person, to=to)
    request.stage_at = now
    plan(session, people, request, action, now=now)
    log.record(
        session,
        workspace_id=request.workspace_id,
        type="approvals:request:handed",
        subject=request.id,
        actor=person.id,
        at=now,
        reason=f"{person.first_name} handed it to {to.first_name}",
        turn_id=action.turn_id,
        action_id=action.id,
    )
    show_card(session, request, action, [to], now=now)
    refresh_posts(session, subject=action.id, kind="card", now=now)
    return Decided("handed", f"Handed to {to.first_name}, who is asked now.")


def receivers(
    people: People, action: Action, stage: Stage, person: Principal
) -> tuple[Principal, ...]:
    """To whom this person may hand the question on. `people` as of now."""
    if stage.who == REQUESTER:
        return ()
    able = eligible(people, action, replace(stage, handed=tuple(p.id for p in people.everyone)))
    return tuple(each for each in able if each.id not in authors(action) | {person.id})


def _hand(
    session: Session,
    people: People,
    request: Request,
    action: Action,
    stage: Stage,
    *,
    person: Principal,
    to: Principal,
) -> None:
    own = {place.id for place in places(people, action, stage, person)}
    asked = stage.asked or tuple(p.id for p in eligible(people, action, stage))
    handed = stage.handed
    if to not in eligible(people, action, stage):
        handed = (*handed, to.id)
    moved = replace(
        stage,
        asked=tuple(dict.fromkeys([*(one for one in asked if one not in own), to.id])),
        handed=handed,
    )
    put_stage(session, request, moved)
