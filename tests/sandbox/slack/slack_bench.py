"""What the tests of the practice Slack share: raw calls, the control API, and a few blocks."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from core.clock import HeldClock
from sandbox.slack.delivery.parcel import Attempt, Parcel
from sandbox.slack.shapes import APP_TOKEN, BOT_TOKEN, Json
from sandbox.slack.testing import Running
from sandbox.slack.workspace import Workspace

SUPPORT, GENERAL, FINANCE = "C0SUPPORT", "C0GENERAL", "C0FINANCE"
ANA, FINN, GITA = "U0ANA", "U0FINN", "U0GITA"


@dataclass(frozen=True)
class Bench:
    """A running workspace and a plain HTTP client."""

    running: Running
    http: aiohttp.ClientSession
    clock: HeldClock = field(default_factory=lambda: HeldClock(datetime.now(UTC)))

    @property
    def workspace(self) -> Workspace:
        return self.running.workspace

    async def call(self, method: str, args: Json | None = None, *, token: str = "") -> Json:
        """A Web API call with a JSON body; the answer's body."""
        headers = {"Authorization": f"Bearer {token or token_for(method)}"}
        url = self.running.api_url + method
        async with self.http.post(url, json=args or {}, headers=headers) as answer:
            return await answer.json()

    async def form(self, method: str, args: Json) -> Json:
        """The same as a form, with nested values as JSON text, as slack_sdk writes them."""
        flat = {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in args.items()
        }
        headers = {"Authorization": f"Bearer {token_for(method)}"}
        async with self.http.post(
            self.running.api_url + method, data=flat, headers=headers
        ) as answer:
            return await answer.json()

    async def do(self, path: str, **body: Any) -> Json:
        """POST to the control API; the answer with its status under `status`."""
        async with self.http.post(f"{self.running.base_url}/control/{path}", json=body) as answer:
            return {"status": answer.status, **await answer.json()}

    async def see(self, path: str) -> Json:
        """GET from the control API."""
        async with self.http.get(f"{self.running.base_url}/control/{path}") as answer:
            return await answer.json()

    async def types(self, text: str, *, user: str = ANA, channel: str = SUPPORT) -> str:
        """Somebody writes; the ts."""
        return str((await self.do("messages", user=user, channel=channel, text=text))["ts"])

    async def texts(self, channel: str = SUPPORT) -> list[str]:
        return [m["text"] for m in (await self.see(f"messages?channel={channel}"))["messages"]]

    async def in_thread(self, act: Callable[[], Any]) -> Any:
        """Runs what blocks beside this event loop."""
        return await asyncio.get_running_loop().run_in_executor(None, act)

    @property
    def delivered(self) -> list[Parcel]:
        """What was given to the transport, in order; needs the fixture `answered`."""
        transport = self.workspace.dispatcher.transport
        assert isinstance(transport, Remembering)
        return transport.parcels

    def advance(self, seconds: float) -> None:
        """Moves the clock of the workspace."""
        self.clock.advance(timedelta(seconds=seconds))

    async def until(self, found: Callable[[], Awaitable[bool]]) -> None:
        """Waits for something that will be seen soon."""
        async with asyncio.timeout(60):
            while not await found():  # noqa: ASYNC110 - what is awaited is in another process
                await asyncio.sleep(0.01)


class Remembering:
    """A transport that acknowledges everything and keeps it: an app that is always there."""

    name = "memory"
    waiting_for = ""

    def __init__(self) -> None:
        self.parcels: list[Parcel] = []

    async def attempt(self, parcel: Parcel, *, retry: int, reason: str) -> Attempt:
        self.parcels.append(parcel)
        return Attempt(200)


def token_for(method: str) -> str:
    return APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def section(text: str = "Hello") -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(action_id: str = "ok", *, value: str = "yes", text: str = "OK") -> Json:
    return {"type": "button", "action_id": action_id, "text": plain(text), "value": value}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "block_id": "acts", "elements": list(elements)}


def input_block(
    block_id: str = "reason", element: Json | None = None, *, optional: bool = False
) -> Json:
    return {
        "type": "input",
        "block_id": block_id,
        "optional": optional,
        "label": plain("Reason"),
        "element": element or {"type": "plain_text_input", "action_id": "text"},
    }


def modal(*blocks: Json, **more: Any) -> Json:
    return {
        "type": "modal",
        "callback_id": "reject",
        "title": plain("Reject"),
        "submit": plain("Send"),
        "blocks": list(blocks) or [input_block()],
        **more,
    }


def home(*blocks: Json) -> Json:
    return {"type": "home", "blocks": list(blocks) or [section("Home")]}
