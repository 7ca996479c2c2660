"""Reading a long card: a press opens its first page, each submission turns one, the last approves.

A page counts as read when it is left by its button, so nobody has read what they were not shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from approvals.editing import may_answer
from approvals.pages import note_page
from approvals.people import Principal
from approvals.requests import decide
from approvals.tables import Request
from bot.blocks.card import answer_label, pages
from bot.blocks.parts import Block
from bot.cards import card_view
from bot.deps import BotDeps
from bot.presses.clicks import STRANGER, Pressed, card, press_on
from bot.presses.reading import UNREAD, unread
from bot.presses.submitted import Submitted, record_submission


@dataclass(frozen=True)
class Page:
    """What the modal shows."""

    request_id: str
    title: str
    page: int
    pages: Sequence[Sequence[Block]]
    #: The button at the end; None for somebody who may only read.
    last: str | None


@press_on(card)
def take_read(press: Pressed) -> Page | str:
    """A press on Read all; the first page, whoever asks: they see the card, too."""
    request = press.session.get_one(Request, press.click.value)
    return _page(press.session, press.deps, request, press.person, 1, press.now) or STRANGER


def turn_page(deps: BotDeps, submitted: Submitted, person: Principal) -> Page | str | None:
    """The page after this one; after the last one the person's vote is counted. A sentence where
    it was not, None where the card says it."""
    request_id, _, number = submitted.request_id.partition(" ")
    now = deps.clock.now()
    with deps.db.transaction() as session:
        payload = {"read": submitted.request_id}
        if not record_submission(session, deps, submitted, payload, now=now):
            return None
        request = session.get(Request, request_id)
        if request is None or request.workspace_id != deps.identity.team_id:
            return STRANGER
        shown = _page(session, deps, request, person, int(number) if number.isdigit() else 0, now)
        if shown is None:
            return STRANGER
        of = len(shown.pages)
        note_page(session, deps.log, request, person, page=shown.page, of=of, now=now)
        if shown.page < of:
            return _page(session, deps, request, person, shown.page + 1, now)
        if unread(session, deps.people, request, person, now=now):
            return UNREAD
        decided = decide(
            session,
            deps.log,
            deps.people,
            request_id=request.id,
            person=person,
            vote="approve",
            reason=None,
            now=now,
        )
    return None if decided.outcome == "approved" else decided.sentence


def _page(  # noqa: PLR0917 - a private call
    session: Session,
    deps: BotDeps,
    request: Request,
    person: Principal,
    number: int,
    now: datetime,
) -> Page | None:
    view = card_view(session, deps.people, request.action_id, now=now)
    found = pages(view)
    if not 1 <= number <= len(found):
        return None
    able = may_answer(session, deps.people, request.id, person, now=now) is not None
    return Page(request.id, view.title, number, found, answer_label(view) if able else None)
