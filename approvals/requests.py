"""Answers to a question, and its end without one: compare-and-set, one truthful reply each."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlmodel import Session, col, select

from approvals.closed import closed_sentence
from approvals.decided import Decided
from approvals.directory import as_of
from approvals.entitlement import entitled, places, stage_of
from approvals.moves import move
from approvals.noting import note
from approvals.people import People, Principal
from approvals.seeing import may_see
from approvals.tables import Action, Request
from approvals.unanswered import why_unanswered
from approvals.votes import cast, count, voted
from audit.log import Log

Vote = Literal["approve", "reject"]
#: Said to who may decide it, but is not to see it yet.
NOT_YET = "Whoever asked for this has yet to agree that it is shown to you."
_STRANGER = "This button doesn't belong to an open request."


def decide(
    session: Session,
    log: Log,
    people: People,
    *,
    request_id: str,
    person: Principal | None,
    vote: Vote,
    reason: str | None,
    now: datetime,
) -> Decided:
    """One person's click. Whatever it finds, the sentence returned tells the truth about it."""
    request = session.get(Request, request_id, with_for_update=True, populate_existing=True)
    if request is None or request.workspace_id != people.workspace_id:
        return Decided("not_allowed", _STRANGER)
    action = session.get_one(Action, request.action_id, populate_existing=True)
    if request.status == "pending" and request.expires_at <= now:
        _expire(session, log, request, action, now=now)
        request = session.get_one(Request, request_id, populate_existing=True)
        return Decided("expired", closed_sentence(session, people, request, person))
    if request.status != "pending":
        return Decided("already_decided", closed_sentence(session, people, request, person))
    if request.withheld is not None:
        return Decided("not_allowed", NOT_YET)
    people = as_of(session, people, now=now)
    stage = stage_of(request)
    allowed, why = entitled(people, action, stage, person)
    if not allowed or person is None:
        return _refuse(session, log, action, person, why, now)
    if not may_see(session, request, action, person):
        return _refuse(session, log, action, person, NOT_YET, now)
    places_of = places(people, action, stage, person)
    place = cast(session, request, person, places_of, vote=vote, reason=reason, now=now)
    if place is None:
        return Decided("voted", voted(session, request, person, places_of))
    said = f"{person.first_name} {'approved' if vote == 'approve' else 'said no'}"
    if place.id != person.id:
        said += f" for {place.first_name}, who is away"
    note(session, log, action, "vote", said, actor=person.id, now=now, words=reason or None)
    if vote == "reject":
        move(session, log, action, "rejected", now=now, actor=person.id, reason=said)
        return Decided("rejected", "Rejected. Nothing is done, and the asker is told.")
    return count(session, log, people, request, action, person=person, now=now)


def expire_due(session: Session, log: Log, *, now: datetime, limit: int = 100) -> int:
    """Close the requests whose time has run out; returns how many."""
    query = (
        select(Request)
        .where(Request.status == "pending", Request.expires_at <= now)
        .order_by(col(Request.expires_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    due = session.exec(query).all()
    for request in due:
        action = session.get_one(Action, request.action_id, populate_existing=True)
        _expire(session, log, request, action, now=now)
    return len(due)


def _refuse(  # noqa: PLR0917 - a private call
    session: Session,
    log: Log,
    action: Action,
    person: Principal | None,
    why: str,
    now: datetime,
) -> Decided:
    name = person.first_name if person else "Somebody unknown"
    actor = person.id if person else "unknown"
    said = f"{name} may not decide this"
    note(session, log, action, "refused_click", said, actor=actor, now=now)
    return Decided("not_allowed", why)


def _expire(session: Session, log: Log, request: Request, action: Action, *, now: datetime) -> None:
    to, reason = "expired", why_unanswered(session, request)
    # Where nobody was asked, nobody's silence refuses it.
    if request.on_expiry == "reject" and request.withheld is None:
        to, reason = "rejected", f"{reason}, which counts as a refusal"
    move(session, log, action, to, now=now, actor="system:approvals", reason=reason)
