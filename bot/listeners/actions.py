"""Buttons: approve, confirm, reject, story, stop, and the answers to "did this happen?"."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping

from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from approvals.people import Principal
from bot.blocks.allow_alike import alike_modal
from bot.blocks.batch import form
from bot.blocks.edit import edit_modal
from bot.blocks.hand import hand_modal
from bot.blocks.modals import ask_modal, page_modal, reject_modal, reply_modal, text_modal
from bot.boundary import Delivery, Edge, guarded
from bot.listeners import disagreements
from bot.listeners.home import publish
from bot.presses.allow_alike import take_alike
from bot.presses.batches import take_batch, take_choosing
from bot.presses.clicks import (
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
from bot.presses.compensations import take_back
from bot.presses.edits import take_edit
from bot.presses.elsewhere import take_disclosure
from bot.presses.handing import take_hand
from bot.presses.inquiries import take_ask, take_reply
from bot.presses.looks import take_look
from bot.presses.reads import take_read
from bot.presses.revokes import read_home_click, take_revoke
from bot.presses.stops import take_stop_click
from bot.presses.undoing import take_undo
from bot.stories import story_lines

_STALE = frozenset(
    {"expired_trigger_id", "trigger_expired", "exchanged_trigger_id", "invalid_trigger_id"}
)


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


async def _approve(delivery: Delivery, click: Click, person: Principal) -> str | None:
    return await asyncio.to_thread(take_vote, delivery.deps, click, person, "approve")


async def _answer(delivery: Delivery, click: Click, person: Principal) -> str | None:
    happened = click.action_id == "happened"
    return await asyncio.to_thread(take_answer, delivery.deps, click, person, happened=happened)


async def _look(delivery: Delivery, click: Click, person: Principal) -> str | None:
    return await asyncio.to_thread(take_look, delivery.deps, click, person)


async def _stop(delivery: Delivery, click: Click, person: Principal) -> str | None:
    return await asyncio.to_thread(take_stop_click, delivery.deps, click, person)


async def _undo(delivery: Delivery, click: Click, person: Principal) -> str | None:
    return await asyncio.to_thread(take_undo, delivery.deps, click, person)


async def _undo_all(delivery: Delivery, click: Click, person: Principal) -> str | None:
    back = click.action_id == "undo_all"
    return await asyncio.to_thread(take_back, delivery.deps, click, person, back=back)


async def _odd(delivery: Delivery, click: Click, person: Principal) -> str | None:
    await asyncio.to_thread(take_odd, delivery.deps, click)
    return STRANGER


async def _ask_why(delivery: Delivery, click: Click, person: Principal) -> str | None:
    asked = await asyncio.to_thread(take_reject, delivery.deps, click, person)
    delivery.recorded = True
    if asked.title is None:
        return asked.sentence
    return await _open(delivery, click, reject_modal(click.value, asked.title))


async def _edit(delivery: Delivery, click: Click, person: Principal) -> str | None:
    editing = await asyncio.to_thread(take_edit, delivery.deps, click, person)
    delivery.recorded = True
    if isinstance(editing, str) or editing is None:
        return editing
    view = edit_modal(click.value, editing.title, editing.fields, editing.left_out)
    return await _open(delivery, click, view)


async def _read(delivery: Delivery, click: Click, person: Principal) -> str | None:
    page = await asyncio.to_thread(take_read, delivery.deps, click, person)
    delivery.recorded = True
    if isinstance(page, str) or page is None:
        return page
    return await _open(delivery, click, page_modal(**page.__dict__))


async def _ask(delivery: Delivery, click: Click, person: Principal) -> str | None:
    wanted = await asyncio.to_thread(take_ask, delivery.deps, click, person)
    delivery.recorded = True
    if isinstance(wanted, str) or wanted is None:
        return wanted
    return await _open(delivery, click, ask_modal(click.value, wanted.about))


async def _reply(delivery: Delivery, click: Click, person: Principal) -> str | None:
    wanted = await asyncio.to_thread(take_reply, delivery.deps, click, person)
    delivery.recorded = True
    if isinstance(wanted, str) or wanted is None:
        return wanted
    view = reply_modal(click.value, wanted.about, wanted.question or "")
    return await _open(delivery, click, view)


async def _hand(delivery: Delivery, click: Click, person: Principal) -> str | None:
    wanted = await asyncio.to_thread(take_hand, delivery.deps, click, person)
    delivery.recorded = True
    if isinstance(wanted, str) or wanted is None:
        return wanted
    return await _open(delivery, click, hand_modal(wanted))


async def _allow_alike(delivery: Delivery, click: Click, person: Principal) -> str | None:
    suggested = await asyncio.to_thread(take_alike, delivery.deps, click, person)
    delivery.recorded = True
    if isinstance(suggested, str) or suggested is None:
        return suggested
    return await _open(delivery, click, alike_modal(suggested))


async def _approve_batch(delivery: Delivery, click: Click, person: Principal) -> str | None:
    return await asyncio.to_thread(take_batch, delivery.deps, click, person)


async def _choose_batch(delivery: Delivery, click: Click, person: Principal) -> str | None:
    found = await asyncio.to_thread(take_choosing, delivery.deps, click, person)
    delivery.recorded = True
    if isinstance(found, str) or found is None:
        return found
    return await _open(delivery, click, form(found))


async def _disclose(delivery: Delivery, click: Click, person: Principal) -> str | None:
    agrees = click.action_id == "disclose"
    return await asyncio.to_thread(take_disclosure, delivery.deps, click, person, agrees=agrees)


async def _tell_story(delivery: Delivery, click: Click, person: Principal) -> str | None:
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


Press = Callable[[Delivery, Click, Principal], Awaitable[str | None]]

#: What a press does, by the button's action id: it records the click and returns the sentence to
#: tell, or None where what happened shows by itself.
PRESSES: Mapping[str, Press] = {
    "approve": _approve,
    "confirm": _approve,
    "reject": _ask_why,
    "edit": _edit,
    "read": _read,
    "approve_batch": _approve_batch,
    "choose_batch": _choose_batch,
    "ask": _ask,
    "hand": _hand,
    "disclose": _disclose,
    "withdraw": _disclose,
    "reply": _reply,
    "allow_alike": _allow_alike,
    "happened": _answer,
    "not_happened": _answer,
    "look": _look,
    "stop": _stop,
    "story": _tell_story,
    "undo": _undo,
    "undo_all": _undo_all,
    "keep": _undo_all,
}
