"""Batches: from their rows to their message, and what a press on one decides.

One press decides each of the questions by itself, through the same `decide` as its own card; all in
one transaction, so that the press counts whole or not at all. What could not be decided is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from approvals.entitlement import stage_of
from approvals.people import People, Principal
from approvals.requests import Vote, decide
from approvals.tables import Batch, Request
from bot.blocks import batch as blocks
from bot.blocks.card import Card
from bot.blocks.modals import REASON
from bot.cards import Unrenderable, card_view
from bot.deps import BotDeps
from bot.presses.clicks import Pressed, message, press_on
from bot.presses.submitted import Submitted, record_submission
from bot.words import storable

_DONE = "All of these are answered already."
_LONGEST = 5


@dataclass(frozen=True)
class Chosen:
    """What was ticked in the form and what is to become of it."""

    request_ids: frozenset[str]
    vote: Vote
    reason: str


def batch_view(session: Session, people: People, batch_id: str, *, now: datetime) -> blocks.Batch:
    """What the batch tells now. Raises `Unrenderable`."""
    row = session.get(Batch, batch_id)
    if row is None:
        raise Unrenderable()
    requests = [session.get_one(Request, request_id) for request_id in row.request_ids]
    cards = [card_view(session, people, request.action_id, now=now) for request in requests]
    return blocks.Batch(
        batch_id=batch_id,
        cards=tuple(cards),
        said=tuple(_said(row, r, c) for r, c in zip(requests, cards, strict=True)),
        why=stage_of(requests[0], row.stage).why,
        verb=cards[0].verb,
    )


@press_on(message("batch"))
def take_batch(press: Pressed) -> str | None:
    """A press on "Approve all"; the sentence to tell, or None where the message says it."""
    session, deps, now = press.session, press.deps, press.now
    ids = _open_ids(session, deps, press.click.value, now)
    return _decide(session, deps, press.person, ids, "approve", None, now)


@press_on(message("batch"))
def take_choosing(press: Pressed) -> blocks.Batch | str:
    """A press on "Choose…": what there is to choose from, or the sentence to tell."""
    view = batch_view(press.session, press.deps.people, press.click.value, now=press.now)
    return view if blocks.decidable(view) else _DONE


def submit_batch(
    deps: BotDeps, submitted: Submitted, person: Principal, chosen: Chosen
) -> str | None:
    """The form was sent: each that was ticked is decided. A sentence where not all of them were."""
    now = deps.clock.now()
    batch_id = submitted.request_id
    with deps.db.transaction() as session:
        fresh = record_submission(session, deps, submitted, {"batch_id": batch_id}, now=now)
        if not fresh:
            return None
        batch = session.get(Batch, batch_id)
        if batch is None or batch.workspace_id != deps.identity.team_id:
            return _DONE
        ids = [one for one in _open_ids(session, deps, batch_id, now) if one in chosen.request_ids]
        return _decide(session, deps, person, ids, chosen.vote, chosen.reason or None, now)


def read_form(view: Mapping[str, Any]) -> Chosen:
    """What was put into the form. Pure; what it should not hold counts as nothing."""
    values = (view.get("state") or {}).get("values") or {}

    def held(name: str) -> Mapping[str, Any]:
        found = (values.get(name) or {}).get(name)
        return found if isinstance(found, Mapping) else {}

    ticked = held(blocks.WHICH).get("selected_options") or ()
    how = (held(blocks.HOW).get("selected_option") or {}).get("value")
    return Chosen(
        frozenset(str(option.get("value")) for option in ticked),
        "approve" if how == "approve" else "reject",
        storable(str(held(REASON).get("value") or "")).strip(),
    )


def _open_ids(session: Session, deps: BotDeps, batch_id: str, now: datetime) -> list[str]:
    """What this batch shows whole and still waits here, in the order in which rows are locked."""
    view = batch_view(session, deps.people, batch_id, now=now)
    return sorted(card.request_id for card in blocks.decidable(view))


def _decide(  # noqa: PLR0917 - a private call
    session: Session,
    deps: BotDeps,
    person: Principal,
    request_ids: Sequence[str],
    vote: Vote,
    reason: str | None,
    now: datetime,
) -> str | None:
    if not request_ids:
        return _DONE
    left: list[str] = []
    for request_id in request_ids:
        decided = decide(
            session,
            deps.log,
            deps.people,
            request_id=request_id,
            person=person,
            vote=vote,
            reason=reason,
            now=now,
        )
        if decided.outcome not in ("approved", "rejected", "counted"):
            left.append(decided.sentence)
    if not left:
        return None
    count = f"{len(request_ids) - len(left)} of {len(request_ids)}"
    told = " ".join(dict.fromkeys(left[:_LONGEST]))
    return f"{'Approved' if vote == 'approve' else 'Rejected'} {count}. The rest: {told}"


def _said(batch: Batch, request: Request, card: Card) -> str | None:
    """What became of one of them here; None while it waits."""
    if card.closed is not None:
        return " · ".join(card.closed)
    if request.stage != batch.stage:
        return f"Approved so far: {', '.join(card.votes)}; it is asked further."
    return None
