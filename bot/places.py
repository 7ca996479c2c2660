"""What people call a channel, asked of Slack every ten minutes, and who can read a private one,
asked again after a minute and whenever somebody came or left."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from core.clock import Clock

FRESH = timedelta(minutes=10)
#: Slack allows conversations.members some 100 times a minute (docs.slack.dev, Tier 4).
FRESH_READERS = timedelta(minutes=1)
_FAILED = (SlackApiError, aiohttp.ClientError, TimeoutError, OSError)
DIRECT = "a direct message"
#: Said where Slack does not tell the name.
SOMEWHERE = "a channel"
_PAGE, _PAGES = 200, 5

log = structlog.get_logger()


@dataclass(frozen=True)
class Place:
    """`private`: not every member of the workspace can read there, or it is not known."""

    name: str
    private: bool


class Places:
    """Names and readers of channels. Never raises: the message must be taken. Of a channel that
    Slack tells nothing about nobody is known to be able to read it."""

    def __init__(self, web: AsyncWebClient, clock: Clock) -> None:
        self._web, self._clock = web, clock
        self._known: dict[str, tuple[datetime, Place]] = {}
        self._readers: dict[str, tuple[datetime, tuple[str, ...]]] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def name(self, channel: str) -> str:
        """`#support`, or `a direct message`."""
        if channel.startswith("D"):
            return DIRECT
        async with self._locks[channel]:
            return (await self._look(channel)).name

    async def readers(self, channel: str) -> tuple[str, ...] | None:
        """Who can read it besides us, of a private channel; None of a public one. A direct
        message's one reader is known without asking: nobody else is named here."""
        if channel.startswith("D"):
            return ()
        async with self._locks[channel]:
            place = await self._look(channel)
            return await self._of_private(channel) if place.private else None

    def forget(self, channel: str) -> None:
        """Somebody came or left: who can read it is asked again."""
        self._readers.pop(channel, None)

    async def _look(self, channel: str) -> Place:
        now, found = self._clock.now(), self._known.get(channel)
        if found is not None and found[0] <= now < found[0] + FRESH:
            return found[1]
        try:
            info = (await self._web.conversations_info(channel=channel))["channel"]
        except _FAILED as error:
            log.warning("channel_unknown", channel=channel, error=type(error).__name__)
            return Place(found[1].name if found else SOMEWHERE, private=True)
        name = DIRECT if info.get("is_im") else f"#{info.get('name') or channel}"
        place = Place(name, is_private(info))
        self._known[channel] = (now, place)
        return place

    async def _of_private(self, channel: str) -> tuple[str, ...]:
        now, found = self._clock.now(), self._readers.get(channel)
        if found is not None and found[0] <= now < found[0] + FRESH_READERS:
            return found[1]
        try:
            readers = await self._members(channel)
        except _FAILED as error:
            log.warning("readers_unknown", channel=channel, error=type(error).__name__)
            return ()
        self._readers[channel] = (now, readers)
        return readers

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
