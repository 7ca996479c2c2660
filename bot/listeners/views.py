"""Submitted modals: the reason for a refusal."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.blocks.batch import WHICH
from bot.blocks.edit import typed_of
from bot.blocks.modals import REASON, REASON_LIMIT, page_modal
from bot.boundary import Delivery, Edge, guarded
from bot.listeners.opening import answer_form
from bot.presses.batches import read_form, submit_batch
from bot.presses.edits import submit_edit
from bot.presses.inquiries import Kind, submit_words
from bot.presses.reads import Page, turn_page
from bot.presses.submitted import Answered, Submitted
from bot.presses.votes import submit_rejection
from bot.words import storable


def register(app: AsyncApp, edge: Edge) -> None:
    app.view_submission("reject")(guarded(edge, on_reject))
    app.view_submission("edit")(guarded(edge, on_edit))
    app.view_submission("batch")(guarded(edge, on_batch))
    app.view_submission("read")(guarded(edge, on_read))
    app.view_submission(re.compile("^(ask|reply)$"))(guarded(edge, on_words))
    app.view_closed(re.compile(".*"))(guarded(edge, on_closed))


async def on_reject(delivery: Delivery) -> None:
    view = delivery.body.get("view") or {}
    reason = storable(reason_of(view)).strip()
    if problem := _problem(reason, "Please say why, in a few words."):
        return await answer_form(delivery, "Reject", Answered({REASON: problem}))
    account = await delivery.account()
    if account.principal is None:
        told: str | None = account.refusal
    else:
        submitted = Submitted.of(delivery.body)
        told = await asyncio.to_thread(
            submit_rejection, delivery.deps, submitted, account.principal, reason
        )
        delivery.recorded = True
    return await answer_form(delivery, "Reject", told)


async def on_edit(delivery: Delivery) -> None:
    view = delivery.body.get("view") or {}
    account = await delivery.account()
    if account.principal is None:
        found = Answered(sentence=account.refusal)
    else:
        submitted = Submitted.of(delivery.body)
        found = await asyncio.to_thread(
            submit_edit, delivery.deps, submitted, account.principal, typed_of(view)
        )
        delivery.recorded = not found.problems
    await answer_form(delivery, "Edit", found)


async def on_read(delivery: Delivery) -> None:
    account = await delivery.account()
    if account.principal is None:
        turned: Page | str | None = account.refusal
    else:
        turned = await asyncio.to_thread(
            turn_page, delivery.deps, Submitted.of(delivery.body), account.principal
        )
        delivery.recorded = True
    if isinstance(turned, Page):
        await delivery.answer(response_action="update", view=page_modal(**turned.__dict__))
    else:
        await answer_form(delivery, "Read", turned)


async def on_words(delivery: Delivery) -> None:
    """A question to the asker, or their answer."""
    view = delivery.body.get("view") or {}
    text = storable(reason_of(view)).strip()
    if problem := _problem(text, "Please write it in a few words."):
        return await answer_form(delivery, "Ask", Answered({REASON: problem}))
    account = await delivery.account()
    kind: Kind = "ask" if view.get("callback_id") == "ask" else "reply"
    if account.principal is None:
        told: str | None = account.refusal
    else:
        submitted = Submitted.of(delivery.body)
        told = await asyncio.to_thread(
            submit_words, delivery.deps, kind, submitted, account.principal, text
        )
        delivery.recorded = True
    return await answer_form(delivery, "Ask" if kind == "ask" else "Answer", told)


async def on_batch(delivery: Delivery) -> None:
    chosen = read_form(delivery.body.get("view") or {})
    problem = None
    if chosen.vote == "reject":
        problem = _problem(chosen.reason, "Please say why, in a few words.")
    if problem is not None or not chosen.request_ids:
        at = WHICH if not chosen.request_ids else REASON
        told = "Tick at least one." if at == WHICH else str(problem)
        return await answer_form(delivery, "Choose", Answered({at: told}))
    account = await delivery.account()
    if account.principal is None:
        sentence: str | None = account.refusal
    else:
        sentence = await asyncio.to_thread(
            submit_batch, delivery.deps, Submitted.of(delivery.body), account.principal, chosen
        )
        delivery.recorded = True
    return await answer_form(delivery, "Choose", sentence)


async def on_closed(delivery: Delivery) -> None:
    await delivery.answer()


def reason_of(view: dict[str, Any]) -> str:
    """What was typed into the reason's input; empty when nothing was. Pure."""
    values = (view.get("state") or {}).get("values") or {}
    return str(((values.get(REASON) or {}).get(REASON) or {}).get("value") or "")


def _problem(reason: str, empty: str) -> str | None:
    if not reason:
        return empty
    if len(reason) > REASON_LIMIT:
        return f"Please keep it under {REASON_LIMIT} characters; these are {len(reason):,}."
    return None
