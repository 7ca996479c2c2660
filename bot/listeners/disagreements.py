"""The operators' buttons in Home about records that disagree, and the form that explains one."""

from __future__ import annotations

import asyncio

from slack_bolt.async_app import AsyncApp

from bot.blocks.modals import REASON, REASON_LIMIT, explain_modal, text_modal
from bot.boundary import Delivery, Edge, guarded
from bot.listeners.home import publish
from bot.listeners.opening import answer_form, open_view
from bot.listeners.views import reason_of
from bot.presses.disagreements import EXPLAIN, Pressed, read_press, submit_explained, take_press
from bot.presses.submitted import Answered, Submitted
from bot.stories import story_lines
from bot.words import storable
from tools.tables import Finding


def register(app: AsyncApp, edge: Edge) -> None:
    app.view_submission("explain")(guarded(edge, on_explained))


async def in_home(delivery: Delivery) -> bool:
    """Whether it was one of these buttons; then it is done."""
    pressed = read_press(delivery.body)
    if pressed is None:
        return False
    account = await delivery.account()
    told: Finding | str | None = account.refusal
    if account.principal is not None:
        told = await asyncio.to_thread(take_press, delivery.deps, account.principal, pressed)
    delivery.recorded = True
    if isinstance(told, Finding):
        told = await _open(delivery, pressed, told)
    delivery.edge.later.run(publish(delivery.edge, delivery.user, note=told))
    await delivery.answer()
    return True


async def on_explained(delivery: Delivery) -> None:
    reason = storable(reason_of(delivery.body.get("view") or {})).strip()[:REASON_LIMIT]
    if not reason:
        problems = {REASON: "Please say what explains it, in a few words."}
        return await answer_form(delivery, "Explained", Answered(problems))
    account = await delivery.account()
    told: str | None = account.refusal
    if account.principal is not None:
        submitted = Submitted.of(delivery.body)
        told = await asyncio.to_thread(
            submit_explained, delivery.deps, submitted, account.principal, reason
        )
        delivery.recorded = True
        delivery.edge.later.run(publish(delivery.edge, submitted.user))
    return await answer_form(delivery, "Explained", told)


async def _open(delivery: Delivery, pressed: Pressed, finding: Finding) -> str | None:
    if pressed.action_id == EXPLAIN:
        view = explain_modal(finding.id, finding.told)
    else:
        subject = finding.action_id or ""
        lines = await asyncio.to_thread(story_lines, delivery.deps, subject, delivery.user)
        view = text_modal("Story", lines)
    return await open_view(delivery, pressed.trigger_id, view)
