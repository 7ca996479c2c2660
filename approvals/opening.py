"""Putting a question: the action waits, and its card is owed to whoever may see it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session

from approvals.accounts import active
from approvals.directory import as_of
from approvals.entitlement import eligible, impossible
from approvals.loads import flooding
from approvals.moves import move
from approvals.noting import note
from approvals.owners import tell_owners
from approvals.people import People
from approvals.policy.judge import REQUESTER, Verdict, approver_words
from approvals.seeing import readers_now
from approvals.showing import agreed_before, hidden_from, present, withhold
from approvals.tables import Action, Request
from approvals.timing import expires_at
from audit.log import Log
from core.ids import derive_id

_POLICY = "system:policy"


def open_request(
    session: Session,
    log: Log,
    action: Action,
    verdict: Verdict,
    people: People,
    *,
    now: datetime,
    readers: Collection[str] | None = None,
) -> Request | None:
    """Put the question and its card; the action waits. `action.verdict` is set to this verdict.

    `readers` are the Slack ids of those who can read the conversation it was asked in, None where
    everybody can; a direct message has one reader besides us, whatever is said here.

    None when nobody could ever approve, or too much of the asker's waits already: then the action
    is denied, saying so.
    """
    plain = verdict.as_json()
    action.verdict = plain
    people = active(session, as_of(session, people, now=now))
    no = _refusal(session, people, action, verdict, now=now)
    if no is not None:
        move(session, log, action, "denied", now=now, actor=_POLICY, reason=no, verdict=plain)
        return None
    why = f"Asked {_asked(people, action, verdict)}: {verdict.reason}"
    moved = move(
        session, log, action, "awaiting", now=now, actor=_POLICY, reason=why, verdict=plain
    )
    request = _request(session, people, moved, verdict, readers, now=now)
    session.add(request)
    session.flush()
    note(session, log, moved, "opened", "The question was put", actor=_POLICY, now=now)
    _show(session, people, request, moved, verdict, now=now)
    return request


def _asked(people: People, action: Action, verdict: Verdict) -> str:
    """`Finance, then Olga`, and `Ana to confirm` of the one who asks."""
    asker = people.by_id(action.principal_id)
    confirm = f"{asker.first_name if asker else action.principal_id} to confirm"
    return ", then ".join(
        confirm if stage.who == REQUESTER else approver_words(stage.who) for stage in verdict.stages
    )


def _refusal(
    session: Session, people: People, action: Action, verdict: Verdict, *, now: datetime
) -> str | None:
    """Why it cannot be asked, which the owners are told where they can mend it."""
    problem = impossible(people, action, verdict.stages)
    if problem is None:
        return flooding(session, people, action)
    told = f"{problem[:1].upper()}{problem[1:]}."
    tell_owners(session, people, told, _mend(verdict), now=now)
    return problem


def _request(
    session: Session,
    people: People,
    action: Action,
    verdict: Verdict,
    readers: Collection[str] | None,
    *,
    now: datetime,
) -> Request:
    able = [person for stage in verdict.stages for person in eligible(people, action, stage)]
    reading = _readers(people, action, readers)
    few = reading is not None and verdict.cards.startswith("channel:")
    return Request(
        id=derive_id("req", action.id),
        workspace_id=action.workspace_id,
        action_id=action.id,
        stages=verdict.as_json()["stages"],
        stage_at=now,
        awaited=[],
        expires_at=expires_at(verdict, able, now),
        on_expiry=verdict.on_expiry,
        readers=reading,
        agreed=agreed_before(session, action),
        # What few could read does not go to a channel where many may: each approver is shown it.
        cards="dm" if few else verdict.cards,
        created_at=now,
    )


def _show(
    session: Session,
    people: People,
    request: Request,
    action: Action,
    verdict: Verdict,
    *,
    now: datetime,
) -> None:
    """Its card, or first the question to the asker whether all who are asked may see it."""
    reading = readers_now(session, action, request.readers)
    hidden = hidden_from(people, action, verdict.stages, reading)
    if hidden := [person for person in hidden if person.id not in request.agreed]:
        withhold(session, request, action, hidden, now=now)
    else:
        present(session, people, request, action, now=now)


def _readers(people: People, action: Action, readers: Collection[str] | None) -> list[str] | None:
    if not action.channel.startswith("D"):
        return None if readers is None else sorted(readers)
    asker = people.by_id(action.principal_id)
    return [asker.slack_id] if asker else []


def _mend(verdict: Verdict) -> str:
    rules = " and ".join(f"“{name}”" for name in verdict.rules) or "default_approvers"
    return (
        "What needs it is refused until somebody is added in config/people.yaml, or "
        f"config/policy.yaml names others under {rules}."
    )
