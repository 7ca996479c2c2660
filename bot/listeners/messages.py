"""Mentions, direct messages, and follow-ups in threads we are in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

import structlog
from slack_bolt.async_app import AsyncApp

from approvals.people import People
from bot.boundary import Delivery, Edge, guarded
from bot.deps import Identity
from bot.intake import Heard, Said, is_our_thread
from bot.members import app_of
from bot.words import addressed_to_another, mentions, plain, storable, without_mention
from core.faultpoints import point_async

log = structlog.get_logger()

#: Subtypes that are still somebody saying something to us. Edits, deletions, joins, other apps'
#: messages and the rest are not answered.
_SPOKEN = frozenset({None, "file_share", "thread_broadcast"})


def register(app: AsyncApp, edge: Edge) -> None:
    listener = guarded(edge, on_message)
    app.event("app_mention")(listener)
    app.event("message")(listener)


async def on_message(delivery: Delivery) -> None:
    deps = delivery.deps
    heard = read(delivery.body, deps.identity, deps.people)
    if heard is None or not await _is_for_us(delivery, heard):
        await delivery.answer()
        return
    account = await delivery.account()
    if account.principal is not None and delivery.body["event"].get("bot_id"):
        account = app_of(heard.user)  # it holds a person's permission to post, not their word
    if account.principal is None and not (heard.direct or heard.mentioned):
        await delivery.answer()
        return
    place = await delivery.edge.places.name(heard.channel)
    readers = await delivery.edge.places.readers(heard.channel)
    taken = await delivery.edge.messages.take(Said(heard, account, place, readers))
    await point_async("intake:committed")
    delivery.recorded = True
    log.info("message_taken", taken=str(taken), channel=heard.channel, ts=heard.ts)
    await delivery.answer()


def read(body: Mapping[str, Any], identity: Identity, people: People) -> Heard | None:
    """The message in this event; None for what nobody said to anybody. Pure."""
    event = body.get("event") or {}
    user, channel, ts = event.get("user"), event.get("channel"), event.get("ts")
    if event.get("subtype") not in _SPOKEN or event.get("hidden") or user == identity.bot_user_id:
        return None
    if not (_is_text(user) and _is_text(channel) and _is_text(ts)):
        return None
    raw = str(event.get("text") or "")
    mentioned = event.get("type") == "app_mention" or mentions(raw, identity.bot_user_id)
    if event.get("bot_id") and not mentioned:
        return None
    direct = event.get("channel_type") == "im" or channel.startswith("D")
    text = plain(without_mention(raw, identity.bot_user_id), _names(people))
    return Heard(
        event_id=str(body.get("event_id") or f"{channel}:{ts}:{event.get('type')}"),
        user=user,
        channel=channel,
        ts=ts,
        thread_ts=event.get("thread_ts") or None,
        text=storable(text),
        direct=direct,
        mentioned=mentioned,
    )


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and value != ""


def _names(people: People) -> Callable[[str], str | None]:
    def name(user: str) -> str | None:
        found = people.by_slack(user)
        return found.name if found else None

    return name


async def _is_for_us(delivery: Delivery, heard: Heard) -> bool:
    if heard.direct or heard.mentioned:
        return True
    raw = str(delivery.body["event"].get("text") or "")
    thread = heard.thread_ts
    if thread is None or addressed_to_another(raw, delivery.deps.identity.bot_user_id):
        return False
    return await asyncio.to_thread(is_our_thread, delivery.deps, heard.channel, thread)
