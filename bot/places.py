"""What people call a channel, asked of Slack once an hour."""

from __future__ import annotations

from datetime import datetime, timedelta

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from core.clock import Clock

FRESH = timedelta(hours=1)
DIRECT = "a direct message"
#: Said where Slack does not tell the name.
SOMEWHERE = "a channel"

log = structlog.get_logger()


class Places:
    """Names of channels. Never raises: a name is a nicety, and the message must be taken."""

    def __init__(self, web: AsyncWebClient, clock: Clock) -> None:
        self._web, self._clock = web, clock
        self._seen: dict[str, tuple[datetime, str]] = {}

    async def name(self, channel: str) -> str:
        """`#support`, or `a direct message`."""
        if channel.startswith("D"):
            return DIRECT
        now = self._clock.now()
        found = self._seen.get(channel)
        if found is None or not found[0] <= now < found[0] + FRESH:
            name = await self._ask(channel)
            if name is None:
                return found[1] if found else SOMEWHERE
            found = (now, name)
            self._seen[channel] = found
        return found[1]

    async def _ask(self, channel: str) -> str | None:
        try:
            answer = await self._web.conversations_info(channel=channel)
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("channel_name_unknown", channel=channel, error=type(error).__name__)
            return None
        info = answer["channel"]
        return DIRECT if info.get("is_im") else f"#{info.get('name') or channel}"
