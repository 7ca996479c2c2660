"""Buttons: approve, confirm, reject, story, stop, and the answers to "did this happen?"."""

from __future__ import annotations

import asyncio
import re

from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from approvals.people import Principal
from bot.blocks.modals import reject_modal, text_modal
from bot.boundary import Delivery, Edge, guarded
from bot.clicks import (
    STRANGER,
    Click,
    read_click,
    take_answer,
    take_odd,
    take_reject,
    take_story,
    take_vote,
    wait_until_stored,
)
from bot.listeners.home import publish
from bot.stops import take_stop_click
from bot.stories import story_lines

_STALE = frozenset(
    {"expired_trigger_id", "trigger_expired", "exchanged_trigger_id", "invalid_trigger_id"}
)


def register(app: AsyncApp, edge: Edge) -> None:
    app.action(re.compile(".*"))(guarded(edge, on_click))


async def on_click(delivery: Delivery) -> None:
    click = read_click(delivery.body)
    if click is None:
        # A button outside messages, or a payload no client of Slack's makes.
        delivery.whisper(STRANGER)
        await delivery.answer()
        return
    account = await delivery.account()
    if account.principal is None:
        await asyncio.to_thread(take_odd, delivery.deps, click)
        delivery.recorded = True
        delivery.whisper(account.refusal)
    else:
        await wait_until_stored(delivery.deps, click)
        await _follow(delivery, click, account.principal)
        delivery.edge.later.run(publish(delivery.edge, click.user))
    await delivery.answer()


async def _follow(delivery: Delivery, click: Click, person: Principal) -> None:
    deps = delivery.deps
    told: str | None
    if click.action_id in ("approve", "confirm"):
        told = await asyncio.to_thread(take_vote, deps, click, person, "approve")
    elif click.action_id in ("happened", "not_happened"):
        happened = click.action_id == "happened"
        told = await asyncio.to_thread(take_answer, deps, click, person, happened=happened)
    elif click.action_id == "reject":
        told = await _ask_why(delivery, click, person)
    elif click.action_id == "stop":
        told = await asyncio.to_thread(take_stop_click, deps, click, person)
    elif click.action_id == "story":
        told = await _tell_story(delivery, click)
    else:
        await asyncio.to_thread(take_odd, deps, click)
        told = STRANGER
    delivery.recorded = True
    if told:
        delivery.whisper(told)


async def _ask_why(delivery: Delivery, click: Click, person: Principal) -> str | None:
    asked = await asyncio.to_thread(take_reject, delivery.deps, click, person)
    delivery.recorded = True
    if asked.title is None:
        return asked.sentence
    return await _open(delivery, click, reject_modal(click.value, asked.title))


async def _tell_story(delivery: Delivery, click: Click) -> str | None:
    fits = await asyncio.to_thread(take_story, delivery.deps, click)
    delivery.recorded = True
    if not fits:
        return STRANGER if fits is False else None
    lines = await asyncio.to_thread(story_lines, delivery.deps, click.value, click.user)
    return await _open(delivery, click, text_modal("Story", lines))


async def _open(delivery: Delivery, click: Click, view: dict[str, object]) -> str | None:
    try:
        await delivery.deps.web.views_open(trigger_id=click.trigger_id, view=view)
    except SlackApiError as error:
        if error.response.get("error") in _STALE:
            return "That took me too long. Please press the button again."
        raise
    return None
