"""What must be read, page by page, before it can be approved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from approvals.editing import may_answer
from approvals.pages import missing
from approvals.people import People, Principal
from approvals.tables import Request
from bot.blocks import card
from bot.blocks.parts import Block
from bot.cards import card_view

#: Where a card is too long to show: somebody made a press that its buttons do not offer.
UNREAD = "Please read all of it first: press “Read all”; the button stands at its end."


def pages_of(
    session: Session, people: People, action_id: str, *, now: datetime
) -> Sequence[Sequence[Block]]:
    """The pages of this action's card; none where the card itself shows all."""
    return card.pages(card_view(session, people, action_id, now=now))


def unread(
    session: Session, people: People, request: Request, person: Principal, *, now: datetime
) -> bool:
    """Whether this person could approve this now but has not gone through all of it."""
    if request.status != "pending":
        return False
    pages = pages_of(session, people, request.action_id, now=now)
    if not pages or may_answer(session, people, request.id, person, now=now) is None:
        return False
    return missing(session, request.id, person, of=len(pages))
