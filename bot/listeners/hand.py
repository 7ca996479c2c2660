"""The submitted form of Hand on."""

from __future__ import annotations

import asyncio

from slack_bolt.async_app import AsyncApp

from bot.blocks.hand import TO, chosen_of
from bot.blocks.modals import REASON, REASON_LIMIT
from bot.boundary import Delivery, Edge, guarded
from bot.listeners.opening import answer_form
from bot.listeners.views import reason_of
from bot.presses.handing import submit_hand
from bot.presses.submitted import Answered, Submitted
from bot.words import storable


def register(app: AsyncApp, edge: Edge) -> None:
    app.view_submission("hand")(guarded(edge, on_hand))


async def on_hand(delivery: Delivery) -> None:
    view = delivery.body.get("view") or {}
    user, why = chosen_of(view), storable(reason_of(view)).strip()
    account = await delivery.account()
    if account.principal is None:
        found = Answered(sentence=account.refusal)
    elif not user:
        found = Answered(problems={TO: "Please choose a person."})
    elif len(why) > REASON_LIMIT:
        found = Answered(problems={REASON: f"Please keep it under {REASON_LIMIT} characters."})
    else:
        chosen = await delivery.edge.members.look(user)
        submitted = Submitted.of(delivery.body)
        found = await asyncio.to_thread(
            submit_hand, delivery.deps, submitted, account.principal, chosen, why
        )
        delivery.recorded = True
    await answer_form(delivery, "Hand on", found)
