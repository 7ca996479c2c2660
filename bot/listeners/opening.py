"""Windows: opened on a press, for which Slack gives three seconds; answered when they are sent."""

from __future__ import annotations

from typing import Any

from slack_sdk.errors import SlackApiError

from bot.blocks.modals import text_modal
from bot.boundary import Delivery
from bot.presses.submitted import Answered

_STALE = frozenset(
    {"expired_trigger_id", "trigger_expired", "exchanged_trigger_id", "invalid_trigger_id"}
)


async def open_view(delivery: Delivery, trigger_id: str, view: dict[str, Any]) -> str | None:
    """Show it; where it is too late for that, the sentence to tell. Raises what else Slack says."""
    try:
        await delivery.deps.web.views_open(trigger_id=trigger_id, view=view)
    except SlackApiError as error:
        if error.response.get("error") in _STALE:
            return "That took me too long. Please press the button again."
        raise
    return None


async def answer_form(delivery: Delivery, title: str, found: Answered | str | None) -> None:
    """Say what is to say of a form that was sent, at its fields or in its place; or close it."""
    found = found if isinstance(found, Answered) else Answered(sentence=found)
    if found.problems:
        await delivery.answer(response_action="errors", errors=dict(found.problems))
    elif found.sentence:
        view = text_modal(title, [found.sentence])
        await delivery.answer(response_action="update", view=view)
    else:
        await delivery.answer()
