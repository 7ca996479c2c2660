"""The submitted form of Allow alike."""

from __future__ import annotations

import asyncio

from slack_bolt.async_app import AsyncApp

from bot.blocks.allow_alike import typed_of
from bot.boundary import Delivery, Edge, guarded
from bot.listeners.opening import answer_form
from bot.presses.allow_alike import submit_alike
from bot.presses.submitted import Answered


def register(app: AsyncApp, edge: Edge) -> None:
    app.view_submission("allow_alike")(guarded(edge, on_allow_alike))


async def on_allow_alike(delivery: Delivery) -> None:
    account = await delivery.account()
    if account.principal is None:
        found = Answered(sentence=account.refusal)
    else:
        found = await asyncio.to_thread(
            submit_alike,
            delivery.deps,
            delivery.body,
            account.principal,
            typed_of(delivery.body.get("view") or {}),
        )
        delivery.recorded = not found.problems
    await answer_form(delivery, "Allow alike", found)
