"""Handing a question on: another of those entitled is asked in one's place.

It widens nothing: who may answer stays as it is, except where the rule names others it may be
handed to (`hand_to`), and then only for those it was handed to. Where whoever it would be handed to
cannot read what it came from, the asker is asked first, and until they agree nothing changes.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from approvals.asking import ask_asker, show_card
from approvals.decided import Decided
from approvals.directory import as_of
from approvals.editing import may_answer, why_not
from approvals.entitlement import places, stage_of, stand_ins
from approvals.handed import (
    HANDED,
    REFUSED,
    VOID,
    handed_to,
    insert,
    name_of,
    not_ones_own,
    wrong_choice,
)
from approvals.keeping_time import plan, put_stage
from approvals.noting import note
from approvals.people import People, Principal
from approvals.seeing import may_see
from approvals.tables import Action, Handing, Request, title_of
from audit.log import Log
from core.notices import tell
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
    handing = insert(session, request, person.id, to.id, why, now)
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
    asker, to = name_of(people, action.principal_id), name_of(people, handing.to_id)
    refresh_posts(session, subject=action.id, kind="card", now=now)
    if by is None:
        return
    said = f"{asker} did not want “{title_of(action)}” shown to {to}, so it still waits for you."
    team = request.workspace_id
    tell(session, [by.slack_id], said, workspace_id=team, subject=handing.id, now=now)


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
    by, to = people.by_id(handing.by_id), people.by_id(handing.to_id)
    assert by is not None
    assert to is not None
    put_stage(session, request, handed_to(people, action, stage_of(request), by, to))
    handing.status = HANDED
    session.add(handing)
    # Whoever is asked now has their own time before they are reminded.
    request.stage_at = now
    plan(session, people, request, action, now=now)
    said = f"{by.first_name} handed it to {to.first_name}"
    note(session, log, action, "handed", said, actor=by.id, now=now, words=handing.why or None)
    show_card(
        session, request, action, [to, *stand_ins(people, action, stage_of(request), to)], now=now
    )
    refresh_posts(session, subject=action.id, kind="card", now=now)
    refresh_posts(session, subject=action.id, kind="status", now=now)
