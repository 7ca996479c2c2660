"""Messages to the asker about a card that stands, or would stand, where they are not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, select

from approvals.directory import as_of
from approvals.entitlement import listed, stage_of
from approvals.people import People, Principal
from approvals.policy import approver_words
from approvals.showing import disclose
from approvals.tables import Action, Request
from bot.blocks import card
from bot.blocks.parts import Message
from bot.cards import Unrenderable, card_view
from bot.clicks import Click, fits, odd, record_click
from bot.deps import BotDeps
from core.posts import Post


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
    names = _names(people, request)
    told = None
    if request.status != "pending":
        action = session.get_one(Action, request.action_id)
        shown = action.status != "cancelled"
        told = "Closed." if shown else "Dropped. Nobody was shown anything."
    elif request.withheld is None:
        told = "You agreed that it is shown. The card below says how it stands."
    return card.build_disclosure(view, names, told=told)


def take_disclosure(deps: BotDeps, click: Click, person: Principal, *, agrees: bool) -> str | None:
    """Record what the asker says to showing it; the sentence to tell, None where messages do."""
    now = deps.clock.now()
    with deps.db.transaction() as session:
        if not record_click(session, deps, click, now):
            return None
        if not fits(session, deps, click):
            return odd(session, deps, click)
        found = disclose(
            session,
            deps.log,
            as_of(session, deps.people, now=now),
            request_id=click.value,
            person=person,
            agrees=agrees,
            now=now,
        )
    return None if found.done else found.sentence


def _names(people: People, request: Request) -> str:
    found = [people.by_id(one) for one in request.withheld or ()]
    return listed([one for one in found if one]).replace(" or ", " and ")
