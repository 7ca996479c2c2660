"""What the page knows of the world outside Slack: the office's counters, the bot's story.

Both are asked over HTTP. Neither needs to be up for the page to work: what cannot be had is shown
as such, never as a zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from sandbox.page.keys import BOT, OFFICE

_TIMEOUT = ClientTimeout(total=2.0)


@dataclass(frozen=True)
class Counter:
    label: str
    value: str


@dataclass(frozen=True)
class Line:
    """`at` as the source wrote it: seconds since 1970, or ISO 8601."""

    at: str
    text: str


@dataclass(frozen=True)
class Story:
    """What one action went through, told line by line."""

    id: str
    title: str
    status: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Outside:
    """`reachable` is False when the office did not answer; the counters are then unknown."""

    reachable: bool
    counters: Mapping[str, int] = field(default_factory=dict)

    def shown(self, name: str) -> str:
        value = self.counters.get(name)
        return "?" if value is None else str(value)


class World:
    """Reads the office and the bot; one HTTP session for the life of the page."""

    def __init__(self, app: web.Application) -> None:
        self._office = app[OFFICE].rstrip("/")
        self._bot = app[BOT].rstrip("/")
        self._session = ClientSession(timeout=_TIMEOUT)

    async def close(self) -> None:
        await self._session.close()

    async def outside(self) -> Outside:
        answer = await self._get(f"{self._office}/counters")
        if answer is None:
            return Outside(reachable=False)
        numbers = {name: n for name, n in answer.items() if isinstance(n, int)}
        return Outside(reachable=True, counters=numbers)

    async def journal(self) -> list[dict[str, Any]] | None:
        """The office's record of calls, oldest first; None when it cannot be read."""
        answer = await self._get(f"{self._office}/journal")
        entries = answer.get("entries") if answer else None
        return [e for e in entries if isinstance(e, dict)] if isinstance(entries, list) else None

    async def story(self, channel: str, thread_ts: str) -> tuple[Story, ...]:
        """The actions of a thread, oldest first; empty when there is nothing to tell yet."""
        if not thread_ts:
            return ()
        answer = await self._get(f"{self._bot}/story", thread=f"{channel}:{thread_ts}")
        actions = answer.get("actions") if answer else None
        return tuple(map(_story, actions)) if isinstance(actions, list) else ()

    async def arm(self, fault: Mapping[str, Any]) -> bool:
        """Sets a fault at the office; False when it could not be set."""
        return await self._post("faults", fault)

    async def lose(self, order: str) -> bool:
        """Has the shop call this order's parcel lost; False when it could not."""
        return await self._post("lost", {"order": order})

    async def _post(self, path: str, body: Mapping[str, Any]) -> bool:
        try:
            async with self._session.post(f"{self._office}/{path}", json=body) as answer:
                return answer.status < 300
        except (TimeoutError, ClientError):
            return False

    async def _get(self, url: str, **query: str) -> dict[str, Any] | None:
        try:
            async with self._session.get(url, params=query) as answer:
                body = await answer.json() if answer.status == 200 else None
        except (TimeoutError, ClientError, ValueError):
            return None
        return body if isinstance(body, dict) else None


def _story(action: Mapping[str, Any]) -> Story:
    lines = action.get("lines") or ()
    return Story(
        id=str(action.get("id", "")),
        title=str(action.get("title", "")),
        status=str(action.get("status", "")),
        lines=tuple(Line(str(line.get("at", "")), str(line.get("text", ""))) for line in lines),
    )
