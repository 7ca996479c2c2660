"""Clicks on our messages: checked against the stored post, then decided, in one transaction.

Button values and messages are a stranger's input. A value names a row; the row says which message
the button belongs to; a click from anywhere else is told so and changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar

import structlog
from sqlmodel import Session, col, select

from approvals.people import Principal
from approvals.tables import Disclosure, Request
from bot.deps import BotDeps
from bot.intake import take_trigger
from bot.slash.command import Place
from core.posts import Post

log = structlog.get_logger()

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


@dataclass(frozen=True)
class Pressed(Place):
    """Who pressed what, where and when, in the transaction that records it and what follows."""

    click: Click


P = ParamSpec("P")
T = TypeVar("T")
#: What the press is about, where it belongs to its message; else something false.
Belongs = Callable[[Pressed], object]
Follow = Callable[Concatenate[Pressed, P], T]
Take = Callable[Concatenate[BotDeps, Click, Principal, P], T | str | None]


def press_on(belongs: Belongs) -> Callable[[Follow[P, T]], Take[P, T]]:
    """The way in for every press on a message: one transaction in which it is recorded, found to
    belong to that message, and followed. None where it was recorded before; a sentence to tell
    where it does not belong there."""

    def way_in(follow: Follow[P, T]) -> Take[P, T]:
        @wraps(follow)
        def take(
            deps: BotDeps, click: Click, person: Principal, /, *args: P.args, **kwargs: P.kwargs
        ) -> T | str | None:
            now = deps.clock.now()
            with deps.db.transaction() as session:
                if not _record(session, deps, click, now):
                    return None
                press = Pressed(session, deps, person, click.channel, now, click)
                about = belongs(press)  # held while it is followed: read once
                return follow(press, *args, **kwargs) if about else _odd(press)

        return take

    return way_in


def message(*kinds: str) -> Belongs:
    """A message of one of these kinds about the very thing the value names."""
    return lambda press: stands(press, kinds, press.click.value)


def card(press: Pressed) -> Request | None:
    """The request that the value names, where its card is exactly the message that was clicked."""
    request = press.session.get(Request, press.click.value)
    at_it = request and stands(press, ("card", "disclosure"), request.action_id)
    return request if at_it else None


def stands(press: Pressed, kinds: Sequence[str], subject: str) -> bool:
    """Whether the message that was clicked is a post of one of these kinds about this subject."""
    query = select(Post.id).where(
        Post.workspace_id == press.team,
        Post.subject == subject,
        col(Post.kind).in_(kinds),
        Post.sent_channel == press.channel,
        Post.ts == press.click.ts,
    )
    return press.click.team == press.team and press.session.exec(query).first() is not None


@press_on(message("card", "status", "answer"))
def take_story(_press: Pressed) -> Literal[True]:
    """A press on Story: it is read after this transaction."""
    return True


def take_odd(deps: BotDeps, click: Click) -> None:
    """Record a click that nothing can follow from."""
    with deps.db.transaction() as session:
        _record(session, deps, click, deps.clock.now())


def _record(session: Session, deps: BotDeps, click: Click, now: datetime) -> bool:
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


def _odd(press: Pressed) -> str:
    """What a press is told that does not belong to the message it came from."""
    click = press.click
    if _unstored(press.session, _subject(press.session, click.value)):
        return BUSY
    log.warning("odd_click", user=click.user, channel=click.channel, action_id=click.action_id)
    return STRANGER
