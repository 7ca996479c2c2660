"""Approve and Reject on a card: a press votes, or opens the form whose words go with it."""

from __future__ import annotations

from dataclasses import dataclass

from approvals.editing import may_answer
from approvals.people import Principal
from approvals.requests import Vote, decide
from approvals.tables import Request, title_of
from bot.deps import BotDeps
from bot.presses.clicks import Pressed, card, press_on
from bot.presses.reading import UNREAD, unread
from bot.presses.submitted import Submitted, record_submission


@press_on(card)
def take_vote(press: Pressed, vote: Vote) -> str | None:
    """Count it; the sentence to tell, or None where the card says it."""
    session, people = press.session, press.deps.people
    request = session.get_one(Request, press.click.value)
    if unread(session, people, request, press.person, now=press.now):
        return UNREAD
    decided = decide(
        session,
        press.deps.log,
        people,
        request_id=request.id,
        person=press.person,
        vote=vote,
        reason=None,
        now=press.now,
    )
    return None if decided.outcome in ("approved", "rejected") else decided.sentence


@dataclass(frozen=True)
class Rejecting:
    """What is to be rejected, for the form that asks why."""

    title: str


@press_on(card)
def take_reject(press: Pressed) -> Rejecting | str:
    """Whoever may reject is asked why; others are told why not."""
    session, people, person, now = press.session, press.deps.people, press.person, press.now
    action = may_answer(session, people, press.click.value, person, now=now)
    if action is not None:
        return Rejecting(title_of(action))
    # It cannot be rejected by this person: `decide` finds out why, tells and records it.
    decided = decide(
        session,
        press.deps.log,
        people,
        request_id=press.click.value,
        person=person,
        vote="reject",
        reason=None,
        now=now,
    )
    return decided.sentence


def submit_rejection(
    deps: BotDeps, submitted: Submitted, person: Principal, reason: str
) -> str | None:
    """Record and decide, in one transaction; a sentence where it was not a rejection after all."""
    now = deps.clock.now()
    with deps.db.transaction() as session:
        payload = {"request_id": submitted.request_id}
        if not record_submission(session, deps, submitted, payload, now=now):
            return None
        decided = decide(
            session,
            deps.log,
            deps.people,
            request_id=submitted.request_id,
            person=person,
            vote="reject",
            reason=reason,
            now=now,
        )
    return None if decided.outcome == "rejected" else decided.sentence
