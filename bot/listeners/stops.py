"""Slack's own Stop button, shown while the app works in a thread, and *Stop this conversation*, a
message shortcut."""

from __future__ import annotations

import asyncio

import structlog
from slack_bolt.async_app import AsyncApp

from bot.boundary import Delivery, Edge, guarded
from bot.presses.stops import StopPressed, read_shortcut, take_shortcut, take_stop_pressed

log = structlog.get_logger()
#: As the manifest names it.
STOP_CONVERSATION = "stop_conversation"


def register(app: AsyncApp, edge: Edge) -> None:
    app.event("agent_session_stopped")(guarded(edge, on_stop))
    app.message_shortcut(STOP_CONVERSATION)(guarded(edge, on_shortcut))


async def on_stop(delivery: Delivery) -> None:
    body, thread_ts = delivery.body, delivery.thread_ts
    pressed = StopPressed(
        event_id=str(body.get("event_id")),
        user=delivery.user,
        channel=delivery.channel or "",
        thread_ts=thread_ts or "",
    )
    account = await delivery.account()
    if account.principal is None:
        delivery.whisper(account.refusal)
    else:
        count = await asyncio.to_thread(
            take_stop_pressed, delivery.deps, pressed, account.principal
        )
        delivery.recorded = True
        log.info("stop_pressed", channel=pressed.channel, thread_ts=thread_ts, turns=count)
        # Slack leaves it to the app, and a turn that waited for a tool has no worker to do it.
        delivery.edge.later.run(_at_rest(delivery, pressed))
    await delivery.answer()


async def on_shortcut(delivery: Delivery) -> None:
    chosen = read_shortcut(delivery.body)
    account = await delivery.account()
    if chosen is None:
        log.warning("odd_shortcut", user=delivery.user, channel=delivery.channel)
    elif account.principal is None:
        delivery.whisper(account.refusal)
    else:
        told = await asyncio.to_thread(take_shortcut, delivery.deps, chosen, account.principal)
        delivery.recorded = True
        if told:
            delivery.whisper("\n".join(told))
    await delivery.answer()


async def _at_rest(delivery: Delivery, pressed: StopPressed) -> None:
    await delivery.deps.web.agents_sessions_setStatus(
        channel_id=pressed.channel, thread_ts=pressed.thread_ts, status="active"
    )
