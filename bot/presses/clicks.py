"""Clicks on our messages: checked against the stored post, then decided, in one transaction.

Button values and messages are a stranger's input. A value names a row; the row says which message
the button belongs to; a click from anywhere else is told so and changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import structlog
from sqlmodel import Session, col, select

from approvals.editing import may_answer
from approvals.people import Principal
from approvals.requests import decide
from approvals.tables import Disclosure, Request, title_of
from approvals.unknowns import answer_unknown
from bot.deps import BotDeps
from bot.intake import take_trigger
from bot.presses.reading import unread
from core.posts import Post

log = structlog.get_logger()

#: Where a card is too long to show: somebody made a press that its buttons do not offer.
UNREAD = "Please read all of it first: press “Read all”; the button stands at its end."
STRANGER = "This button doesn't belong to an open request."
BUSY = "I am still writing this message down. Please press again in a moment."
#: A person can press a button before the answer to our own send has been stored.
_PATIENCE_S = 2.0
_STEP_S = 0.05


@dataclass(frozen=True)
class Click:
    """A press on a button of a message."""

    trigger_id: str
    user: str
    team: str
    channel: str
    ts: str
    action_id: str
    value: str


def read_click(body: Mapping[str, Any]) -> Click | None:
    """The click in a block_actions payload; None when it is not one on a message. Pure."""
    action = (body.get("actions") or [{}])[0]
    container = body.get("container") or {}
    found = {
        "trigger_id": body.get("trigger_id"),
        "user": (body.get("user") or {}).get("id"),
        "team": (body.get("team") or {}).get("id"),
        "channel": (body.get("channel") or {}).get("id") or container.get("channel_id"),
        "ts": container.get("message_ts") or (body.get("message") or {}).get("ts"),
        "action_id": action.get("action_id"),
        "value": action.get("value"),
    }
    if not all(isinstance(value, str) and value for value in found.values()):
        return None
    return Click(**{name: str(value)[:300] for name, value in found.items()})


async def wait_until_stored(deps: BotDeps, click: Click) -> None:
    """Give a message that was only just sent the moment its ts takes to be stored."""
    for _ in range(int(_PATIENCE_S / _STEP_S)):
        if not await asyncio.to_thread(_is_being_sent, deps, click):
            return
        await asyncio.sleep(_STEP_S)


def take_vote(
    deps: BotDeps, click: Click, person: Principal, vote: Literal["approve", "reject"]
) -> str | None:
    """Record and count the click; the sentence to tell, or None where the card says it."""
    now = deps.clock.now()
    with deps.db.transaction() as session:
        if not record_click(session, deps, click, now):
            return None
        request = session.get(Request, click.value)
        if request is None or not fits(session, deps, click):
            return odd(session, deps, click)
        if unread(session, deps.people, request, person, now=now):
            return UNREAD
        decided = decide(
            session,
            deps.log,
            deps.people,
            request_id=click.value,
            person=person,
            vote=vote,
            reason=None,
            now=now,
        )
    return None if decided.outcome in ("approved", "rejected") else decided.sentence


@dataclass(frozen=True)
class Rejecting:
    """What is to be rejected, for the form that asks why."""

    title: str


def take_reject(deps: BotDeps, click: Click, person: Principal) -> Rejecting | str | None:
    """Record a press on Reject. Whoever may reject is asked why; others are told why not."""
    now = deps.clock.now()
    with deps.db.transaction() as session:
        if not record_click(session, deps, click, now):
            return None
        if not fits(session, deps, click):
            return odd(session, deps, click)
        request = session.get_one(Request, click.value)
        action = may_answer(session, deps.people, request.id, person, now=now)
        if action is not None:
            return Rejecting(title_of(action))
        # It cannot be rejected by this person: `decide` finds out why, tells and records it.
        decided = decide(
            session,
            deps.log,
            deps.people,
            request_id=request.id,
            person=person,
            vote="reject",
            reason=None,
            now=now,
        )
        return decided.sentence


def take_answer(deps: BotDeps, click: Click, person: Principal, *, happened: bool) -> str | None:
    """Record what a person found out about an action of unknown outcome."""
    now = deps.clock.now()
    with deps.db.transaction() as session:
        if not record_click(session, deps, click, now):
            return None
        if not stands(session, deps, click, ("question",), click.value):
            return odd(session, deps, click)
        answered = answer_unknown(
            session,
            deps.log,
            action_id=click.value,
            person=person,
            happened=happened,
            now=now,
        )
    return answered.sentence


def take_story(deps: BotDeps, click: Click) -> bool | None:
    """Record a press on Story: whether it belongs to this message; None for a duplicate."""
    now = deps.clock.now()
    with deps.db.transaction() as session:
        if not record_click(session, deps, click, now):
            return None
        return stands(session, deps, click, ("card", "status", "answer"), click.value)


def take_odd(deps: BotDeps, click: Click) -> None:
    """Record a click that nothing can follow from."""
    with deps.db.transaction() as session:
        record_click(session, deps, click, deps.clock.now())


def record_click(session: Session, deps: BotDeps, click: Click, now: datetime) -> bool:
    """Record this press; False when it was recorded before."""
    return take_trigger(
        session,
        deps,
        kind="action",
        trigger_id=click.trigger_id,
        user=click.user,
        channel=click.channel,
        payload={"action_id": click.action_id, "value": click.value, "ts": click.ts},
        now=now,
    )


def fits(session: Session, deps: BotDeps, click: Click) -> bool:
    """Whether the value is a request whose card is exactly the message that was clicked."""
    request = session.get(Request, click.value)
    return request is not None and stands(
        session, deps, click, ("card", "disclosure"), request.action_id
    )


def stands(
    session: Session, deps: BotDeps, click: Click, kinds: tuple[str, ...], subject: str
) -> bool:
    """Whether the message that was clicked is a post of one of these kinds about this subject."""
    query = select(Post.id).where(
        Post.workspace_id == deps.identity.team_id,
        Post.subject == subject,
        col(Post.kind).in_(kinds),
        Post.sent_channel == click.channel,
        Post.ts == click.ts,
    )
    return click.team == deps.identity.team_id and session.exec(query).first() is not None


def _is_being_sent(deps: BotDeps, click: Click) -> bool:
    with deps.db.read() as session:
        return _unstored(session, _subject(session, click.value))


def _subject(session: Session, value: str) -> str:
    """What the messages are about whose buttons carry this value."""
    asked = session.get(Disclosure, value)
    request = session.get(Request, asked.request_id if asked else value)
    return request.action_id if request else value


def _unstored(session: Session, subject: str) -> bool:
    query = select(Post.id).where(
        Post.subject == subject,
        col(Post.ts).is_(None),
        col(Post.failed).is_(None),
        col(Post.attempted_at).is_not(None),
    )
    return session.exec(query).first() is not None


def odd(session: Session, deps: BotDeps, click: Click) -> str:
    """What a press is told that does not belong to the message it came from."""
    if _unstored(session, _subject(session, click.value)):
        return BUSY
    log.warning("odd_click", user=click.user, channel=click.channel, action_id=click.action_id)
    return STRANGER
