"""Buttons on messages: `PRESSES` says what each does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from slack_bolt.async_app import AsyncApp

from approvals.people import Principal
from bot.blocks.allow_alike import alike_modal
from bot.blocks.batch import form
from bot.blocks.edit import edit_modal
from bot.blocks.hand import hand_modal
from bot.blocks.modals import ask_modal, page_modal, reject_modal, reply_modal, text_modal
from bot.boundary import Delivery, Edge, guarded
from bot.deps import BotDeps
from bot.listeners import disagreements
from bot.listeners.home import publish
from bot.listeners.opening import open_view
from bot.presses.allow_alike import take_alike
from bot.presses.batches import take_batch, take_choosing
from bot.presses.clicks import STRANGER, Click, read_click, take_odd, take_story, wait_until_stored
from bot.presses.compensations import take_back
from bot.presses.edits import take_edit
from bot.presses.elsewhere import take_disclosure
from bot.presses.handing import take_hand
from bot.presses.inquiries import take_ask, take_reply
from bot.presses.looks import take_answer, take_look
from bot.presses.reads import take_read
from bot.presses.revokes import read_home_click, take_revoke
from bot.presses.stops import take_stop_click
from bot.presses.undoing import take_undo
from bot.presses.votes import take_reject, take_vote
from bot.stories import story_lines

Press = Callable[[Delivery, Click, Principal], Awaitable[str | None]]
View = dict[str, Any]
T = TypeVar("T")


def register(app: AsyncApp, edge: Edge) -> None:
    app.action(re.compile(".*"))(guarded(edge, on_click))


async def on_click(delivery: Delivery) -> None:
    click = read_click(delivery.body)
    if click is None and (await _in_home(delivery) or await disagreements.in_home(delivery)):
        return
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


async def _in_home(delivery: Delivery) -> bool:
    """Whether it was a button of somebody's Home; then it is done."""
    pressed = read_home_click(delivery.body)
    if pressed is None:
        return False
    account = await delivery.account()
    told: str | None = account.refusal
    if account.principal is not None:
        told = await asyncio.to_thread(
            take_revoke, delivery.deps, delivery.body, account.principal, pressed
        )
    delivery.recorded = True
    delivery.edge.later.run(publish(delivery.edge, delivery.user, note=told))
    await delivery.answer()
    return True


async def _follow(delivery: Delivery, click: Click, person: Principal) -> None:
    told = await PRESSES.get(click.action_id, _odd)(delivery, click, person)
    delivery.recorded = True
    if told:
        delivery.whisper(told)


async def _odd(delivery: Delivery, click: Click, _person: Principal) -> str | None:
    await asyncio.to_thread(take_odd, delivery.deps, click)
    return STRANGER


async def _tell_story(delivery: Delivery, click: Click, person: Principal) -> str | None:
    told = await asyncio.to_thread(take_story, delivery.deps, click, person)
    delivery.recorded = True
    if told is not True:
        return told
    lines = await asyncio.to_thread(story_lines, delivery.deps, click.value, click.user)
    return await _open(delivery, click, text_modal("Story", lines))


def _taken(take: Callable[[BotDeps, Click, Principal], str | None]) -> Press:
    """A press that is done once it is recorded."""

    async def press(delivery: Delivery, click: Click, person: Principal) -> str | None:
        return await asyncio.to_thread(take, delivery.deps, click, person)

    return press


def _opens(
    take: Callable[[BotDeps, Click, Principal], T | str | None], view: Callable[[Click, T], View]
) -> Press:
    """A press that opens a form: `take` gives what it shows, or the sentence that is told
    instead."""

    async def press(delivery: Delivery, click: Click, person: Principal) -> str | None:
        found = await asyncio.to_thread(take, delivery.deps, click, person)
        delivery.recorded = True
        if isinstance(found, str) or found is None:
            return found
        return await _open(delivery, click, view(click, found))

    return press


async def _open(delivery: Delivery, click: Click, view: View) -> str | None:
    return await open_view(delivery, click.trigger_id, view)


#: What a press does, by the button's action id: it records the click and returns the sentence to
#: tell, or None where what happened shows by itself.
PRESSES: Mapping[str, Press] = {
    "approve": _taken(partial(take_vote, vote="approve")),
    "confirm": _taken(partial(take_vote, vote="approve")),
    "reject": _opens(take_reject, lambda click, asked: reject_modal(click.value, asked.title)),
    "edit": _opens(
        take_edit, lambda click, it: edit_modal(click.value, it.title, it.fields, it.left_out)
    ),
    "read": _opens(take_read, lambda _click, page: page_modal(**page.__dict__)),
    "approve_batch": _taken(take_batch),
    "choose_batch": _opens(take_choosing, lambda _click, batch: form(batch)),
    "ask": _opens(take_ask, lambda click, wanted: ask_modal(click.value, wanted.about)),
    "hand": _opens(take_hand, lambda _click, hand: hand_modal(hand)),
    "disclose": _taken(partial(take_disclosure, agrees=True)),
    "withdraw": _taken(partial(take_disclosure, agrees=False)),
    "reply": _opens(
        take_reply, lambda click, it: reply_modal(click.value, it.about, it.question or "")
    ),
    "allow_alike": _opens(take_alike, lambda _click, suggested: alike_modal(suggested)),
    "happened": _taken(partial(take_answer, happened=True)),
    "not_happened": _taken(partial(take_answer, happened=False)),
    "look": _taken(take_look),
    "stop": _taken(take_stop_click),
    "story": _tell_story,
    "undo": _taken(take_undo),
    "undo_all": _taken(partial(take_back, back=True)),
    "keep": _taken(partial(take_back, back=False)),
}
