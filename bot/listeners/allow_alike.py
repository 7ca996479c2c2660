"""The submitted form of Allow alike."""

from __future__ import annotations

import asyncio

from slack_bolt.async_app import AsyncApp

from bot.blocks.allow_alike import typed_of
from bot.blocks.modals import text_modal
from bot.boundary import Delivery, Edge, guarded
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
    if found.problems:
        await delivery.answer(response_action="errors", errors=dict(found.problems))
    elif found.sentence:
        view = text_modal("Allow alike", [found.sentence])
        await delivery.answer(response_action="update", view=view)
    else:
        await delivery.answer()
