"""The question put to approvers, and their answers: compare-and-set, one truthful reply each."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal

from sqlmodel import Session, col, select

from approvals.accounts import active
from approvals.actions import move
from approvals.closed import closed_sentence
from approvals.decided import Decided
from approvals.directory import as_of
from approvals.entitlement import eligible, entitled, impossible, places, stage_of, whom
from approvals.loads import flooding
from approvals.owners import tell_owners
from approvals.people import People, Principal
from approvals.policy.judge import Stage, Verdict, approver_words
from approvals.seeing import may_see, readers_now
from approvals.showing import agreed_before, hidden_from, present, withhold
from approvals.tables import Action, Request
from approvals.timing import expires_at
from approvals.votes import cast, count, voted
from approvals.waiting import waiting_for, waiting_of
from audit.log import Log
from core.ids import derive_id

__all__ = ["Decided", "decide", "expire_due", "open_request", "waiting_for", "waiting_of"]

#: Said to who may decide it, but is not to see it yet.
NOT_YET = "Whoever asked for this has yet to agree that it is shown to you."
_STRANGER = "This button doesn't belong to an open request."


def open_request(
    session: Session,
    log: Log,
    action: Action,
    verdict: Verdict,
    people: People,
    *,
    now: datetime,
    readers: Collection[str] | None = None,
    cards: str = "thread",
) -> Request | None:
    """Put the question and its card; the action waits. `action.verdict` is set to this verdict.

    `readers` are the Slack ids of those who can read the conversation it was asked in, None where
    everybody can; a direct message has one reader besides us, whatever is said here. `cards` is
    where the policy wants its card.

    None when nobody could ever approve, or too much of the asker's waits already: then the action
    is denied, saying so.
    """
    plain = verdict.as_json()
    action.verdict = plain
    people = active(session, as_of(session, people, now=now))
    problem = impossible(people, action, verdict.stages)
    if problem is not None:
        tell_owners(session, people, f"{_start(problem)}.", _mend(verdict), now=now)
    refusal = problem or flooding(session, people, action)
    if refusal is not None:
        move(
            session,
            log,
            action,
            "denied",
            now=now,
            actor="system:policy",
            reason=refusal,
            verdict=plain,
        )
        return None
    moved = move(
        session,
        log,
        action,
        "awaiting",
        now=now,
        actor="system:policy",
        reason=f"Asked {_asked(verdict.stages)}: {verdict.reason}",
        verdict=plain,
    )
    request = Request(
        id=derive_id("req", moved.id),
        workspace_id=moved.workspace_id,
        action_id=moved.id,
        stages=plain["stages"],
        stage_at=now,
        awaited=[],
        expires_at=expires_at(verdict, _able(people, action, verdict), now),
        on_expiry=verdict.on_expiry,
        readers=(able := _readers(people, moved, readers)),
        agreed=(agreed := agreed_before(session, moved)),
        # What few could read does not go to a channel where many may: each approver is shown it.
        cards="dm" if able is not None and cards.startswith("channel:") else cards,
        created_at=now,
    )
    session.add(request)
    session.flush()
    _record(session, log, moved, "opened", "The question was put", "system:policy", now)
    reading = readers_now(session, moved, request.readers)
    hidden = hidden_from(people, moved, verdict.stages, reading)
    if hidden := [person for person in hidden if person.id not in agreed]:
        withhold(session, request, moved, hidden, now=now)
    else:
        present(session, people, request, moved, now=now)
    return request


def decide(
    session: Session,
    log: Log,
    people: People,
    *,
    request_id: str,
    person: Principal | None,
    vote: Literal["approve", "reject"],
    reason: str | None,
    now: datetime,
) -> Decided:
    """One person's click. Whatever it finds, the sentence returned tells the truth about it."""
    request = _locked(session, request_id)
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
    words = {"words": reason} if reason else None
    said = f"{person.first_name} {'approved' if vote == 'approve' else 'said no'}"
    if place.id != person.id:
        said += f" for {place.first_name}, who is away"
    _record(session, log, action, "vote", said, person.id, now, body=words)
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


def _locked(session: Session, request_id: str) -> Request | None:
    query = (
        select(Request)
        .where(Request.id == request_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return session.exec(query).first()


def _readers(people: People, action: Action, readers: Collection[str] | None) -> list[str] | None:
    if not action.channel.startswith("D"):
        return None if readers is None else sorted(readers)
    asker = people.by_id(action.principal_id)
    return [asker.slack_id] if asker else []


def _able(people: People, action: Action, verdict: Verdict) -> list[Principal]:
    return [person for stage in verdict.stages for person in eligible(people, action, stage)]


def _start(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _mend(verdict: Verdict) -> str:
    rules = " and ".join(f"“{name}”" for name in verdict.rules) or "default_approvers"
    return (
        "What needs it is refused until somebody is added in config/people.yaml, or "
        f"config/policy.yaml names others under {rules}."
    )


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
    _record(session, log, action, "refused_click", f"{name} may not decide this", actor, now)
    return Decided("not_allowed", why)


def _expire(session: Session, log: Log, request: Request, action: Action, *, now: datetime) -> None:
    reason = f"Nobody answered in time (asked {whom(stage_of(request))})"
    to = "expired"
    if request.on_expiry == "reject":
        to, reason = "rejected", f"{reason}, which counts as a refusal"
    move(session, log, action, to, now=now, actor="system:approvals", reason=reason)


def _asked(stages: tuple[Stage, ...] | list[Stage]) -> str:
    return ", then ".join(approver_words(stage.who) for stage in stages)


def _record(  # noqa: PLR0917 - a private call
    session: Session,
    log: Log,
    action: Action,
    what: str,
    reason: str,
    actor: str,
    now: datetime,
    body: dict[str, str] | None = None,
) -> None:
    log.record(
        session,
        workspace_id=action.workspace_id,
        type=f"approvals:request:{what}",
        subject=derive_id("req", action.id),
        actor=actor,
        at=now,
        reason=reason,
        turn_id=action.turn_id,
        action_id=action.id,
        body=body,
    )
