"""The form of `/signoff policy`: opened after the command, checked when it is sent."""

from __future__ import annotations

import asyncio

from slack_bolt.async_app import AsyncApp

from bot.blocks.modals import text_modal
from bot.blocks.policy import policy_modal
from bot.boundary import Delivery, Edge, guarded
from bot.listeners.opening import answer_form, open_view
from bot.presses.policy_change import policy_form, submit_policy
from bot.presses.submitted import Answered


def register(app: AsyncApp, edge: Edge) -> None:
    app.view_submission("policy")(guarded(edge, on_policy))


async def open_policy(delivery: Delivery) -> None:
    """Show the policy in force in a form; or why not, in a word."""
    form = await asyncio.to_thread(policy_form, delivery.deps)
    if isinstance(form, str):
        view = text_modal("Change the policy", [form])
    else:
        named = f"{form.digest} {delivery.channel or ''}"
        view = {**policy_modal(form.parts), "private_metadata": named}
    trigger_id = str(delivery.body.get("trigger_id"))
    if await open_view(delivery, trigger_id, view):
        delivery.whisper("That took me too long. Please type /signoff policy again.")


async def on_policy(delivery: Delivery) -> None:
    account = await delivery.account()
    if account.principal is None:
        found = Answered(sentence=account.refusal)
    else:
        found = await asyncio.to_thread(
            submit_policy, delivery.deps, delivery.body, account.principal
        )
        delivery.recorded = not found.problems
    await answer_form(delivery, "Change the policy", found)
