"""Messages to the asker about a card that stands, or would stand, where they are not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, select

from approvals.disclosing import disclose, names_of
from approvals.entitlement import stage_of
from approvals.handed import VOID
from approvals.people import People
from approvals.policy.judge import approver_words
from approvals.tables import Disclosure, Handing, Request
from bot.blocks import card
from bot.blocks.parts import Message
from bot.cards import Unrenderable, card_view
from bot.presses.clicks import Pressed, press_on, stands
from core.posts import Post, post_id


def elsewhere(session: Session, people: People, post: Post, *, now: datetime) -> Message:
    """How it stands, or what others will be shown. Raises `Unrenderable`."""
    query = select(Request).where(Request.action_id == post.subject)
    request = session.exec(query).first()
    if request is None:
        raise Unrenderable()
    view = card_view(session, people, request.action_id, now=now)
    if post.kind == "status":
        is_open = request.status == "pending"
        view = replace(view, offers=()) if is_open else view
        return card.build_status(view, approver_words(stage_of(request).who))
    row = session.get(Disclosure, str(post.body.get("disclosure_id")))
    if row is None:
        raise Unrenderable()
    return card.build_disclosure(
        view,
        card.Disclosure(row.id, names_of(people, row), _because(row), later=not row.first),
        told=_told(session, people, request, row),
    )


def _asks(press: Pressed) -> bool:
    """Whether the value is a question whose message is exactly the one that was clicked."""
    row = press.session.get(Disclosure, press.click.value)
    request = press.session.get(Request, row.request_id) if row else None
    if row is None or request is None:
        return False
    post = press.session.get(Post, post_id(request.action_id, "disclosure", row.n))
    at = (post.sent_channel, post.ts) if post else None
    here = at == (press.channel, press.click.ts)
    return here and stands(press, ("disclosure",), request.action_id)


@press_on(_asks)
def take_disclosure(press: Pressed, *, agrees: bool) -> str | None:
    """What the asker says to showing it; the sentence to tell, None where messages do."""
    found = disclose(
        press.session,
        press.deps.log,
        press.deps.people,
        disclosure_id=press.click.value,
        person=press.person,
        agrees=agrees,
        now=press.now,
    )
    return None if found.done else found.sentence


def _because(row: Disclosure) -> str:
    """Why these people would see it now; where somebody hands it on, the card says so itself."""
    return "" if row.first or row.handing_id else "They are asked now too."


def _told(session: Session, people: People, request: Request, row: Disclosure) -> str | None:
    """What became of the question; None while it waits for its answer."""
    names = names_of(people, row)
    handing = session.get(Handing, row.handing_id) if row.handing_id else None
    if row.status == "refused":
        dropped = "Dropped. Nobody was shown anything."
        return dropped if row.first else f"Not shown to {names}."
    if handing is not None and handing.status == VOID:
        return f"It was not handed on after all: {names} is not asked."
    if row.status == "agreed":
        return f"You agreed that it is shown to {names}. The card says how it stands."
    if request.status == "expired":
        return f"Expired: you had not said whether {names} may see it. It was not shown to them."
    if request.status != "pending":
        return f"Closed. It was not shown to {names}."
    return None
