"""What people call a channel and who can read it, asked of Slack once an hour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from core.clock import Clock

FRESH = timedelta(hours=1)
DIRECT = "a direct message"
#: Said where Slack does not tell the name.
SOMEWHERE = "a channel"
_PAGE, _PAGES = 200, 5

log = structlog.get_logger()


@dataclass(frozen=True)
class Place:
    """`readers` are the Slack ids of a private channel's members; None where everybody can read."""

    name: str
    readers: tuple[str, ...] | None


class Places:
    """Names and readers of channels. Never raises: the message must be taken. Of a channel that
    Slack tells nothing about nobody is known to be able to read it."""

    def __init__(self, web: AsyncWebClient, clock: Clock) -> None:
        self._web, self._clock = web, clock
        self._seen: dict[str, tuple[datetime, Place]] = {}

    async def name(self, channel: str) -> str:
        """`#support`, or `a direct message`."""
        return DIRECT if channel.startswith("D") else (await self._look(channel)).name

    async def readers(self, channel: str) -> tuple[str, ...] | None:
        """Who can read it besides us, of a private channel; None of a public one. A direct
        message's one reader is known without asking: nobody else is named here."""
        return () if channel.startswith("D") else (await self._look(channel)).readers

    async def _look(self, channel: str) -> Place:
        now = self._clock.now()
        found = self._seen.get(channel)
        if found is None or not found[0] <= now < found[0] + FRESH:
            place = await self._ask(channel)
            if place is None:
                return found[1] if found else Place(SOMEWHERE, ())
            found = (now, place)
            self._seen[channel] = found
        return found[1]

    async def _ask(self, channel: str) -> Place | None:
        try:
            info = (await self._web.conversations_info(channel=channel))["channel"]
            readers = await self._members(channel) if is_private(info) else None
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("channel_unknown", channel=channel, error=type(error).__name__)
            return None
        name = DIRECT if info.get("is_im") else f"#{info.get('name') or channel}"
        return Place(name, readers)

    async def _members(self, channel: str) -> tuple[str, ...]:
        found: list[str] = []
        cursor: str | None = None
        for _ in range(_PAGES):
            answer = await self._web.conversations_members(
                channel=channel, limit=_PAGE, cursor=cursor
            )
            found += answer.get("members") or []
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or None
            if cursor is None:
                break
        return tuple(found)


def is_private(info: Mapping[str, Any]) -> bool:
    """Whether `conversations.info` speaks of a place that not every member can read. Pure."""
    return bool(info.get("is_private") or info.get("is_im") or info.get("is_mpim"))
