"""Opening a window on a press: Slack gives three seconds for it; then it takes another press."""

from __future__ import annotations

from typing import Any

from slack_sdk.errors import SlackApiError

from bot.boundary import Delivery

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
