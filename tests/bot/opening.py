"""Opens a practice workspace with the real app in it, over one of Slack's transports."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from time import time
from typing import Any

import aiohttp
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.socket_mode.async_internals import (
    run_async_bolt_app,
    send_async_response,
)
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from approvals.people import People
from approvals.policy.file import load_policy
from audit.keys import KeyRing
from audit.log import Log
from bot.app import make_app
from bot.bootstrap import declare
from bot.boundary import Later
from bot.deps import BotDeps, Identity
from bot.http import make_http
from bot.web import make_async_web, make_web
from core.clock import HeldClock
from core.db import Database, open_database
from sandbox.closing import close
from sandbox.slack.delivery.socket_mode import SocketMode
from sandbox.slack.settings import Manifest, Settings
from sandbox.slack.testing import FAST_RETRIES, PATIENCE_S, Running, running
from tests.bot.desk import SECRET, TOKEN, Desk
from tests.schema import fill

CONFIG = Path(__file__).parents[2] / "config"
MANIFEST = Path(__file__).parents[2] / "manifest.json"


def sqlite(tmp_path: Path) -> Database:
    """An empty SQLite database with every table and trigger."""
    db = open_database(f"sqlite:///{tmp_path / 'signoff.db'}")
    fill(db)
    return db


@asynccontextmanager
async def opened(
    transport: str,
    db: Database,
    clock: HeldClock,
    people: People,
    tmp_path: Path,
    **parts: Any,
) -> AsyncIterator[Desk]:
    """`parts` are further parts of its `BotDeps`."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        settings = Settings(
            data=tmp_path / "slack",
            retry_delays=FAST_RETRIES,
            manifest=Manifest.load(MANIFEST),
            # Whoever gets no 200 hears of it at once here: what takes longer is a busy machine.
            ack_seconds=PATIENCE_S,
            trigger_seconds=PATIENCE_S,
        )
        if transport == "http":
            settings = replace(
                settings,
                request_url=f"{address}/slack/events",
                interactivity_url=f"{address}/slack/interactions",
                commands_url=f"{address}/slack/commands",
            )
        async with running(settings) as workspace, aiohttp.ClientSession() as http:
            deps = replace(await _deps(workspace.api_url, db, clock, people, tmp_path), **parts)
            later = Later()
            bolt = make_app(deps, later)
            runner = web.AppRunner(
                make_http(deps, bolt=bolt if transport == "http" else None, practice=True),
                shutdown_timeout=0.2,
            )
            await runner.setup()
            await web.SockSite(runner, listening).start()
            handler = _SocketMode(bolt, workspace) if transport == "socket" else None
            if handler:
                await handler.connect_async()
            try:
                yield Desk(
                    deps=deps,
                    base=workspace.base_url,
                    bot=address,
                    http=http,
                    web=make_web(TOKEN, workspace.api_url, timeout_s=int(PATIENCE_S)),
                    transport=transport,
                    later=later,
                )
            finally:
                if handler:
                    await handler.close_async()
                await close(runner)


class _SocketMode(AsyncSocketModeHandler):
    """Tells the workspace which envelopes it will not acknowledge: nobody waits for them."""

    def __init__(self, bolt: AsyncApp, workspace: Running) -> None:
        client = AsyncWebClient(base_url=workspace.api_url)
        super().__init__(bolt, "xapp-practice", web_client=client)
        transport = workspace.workspace.dispatcher.transport
        assert isinstance(transport, SocketMode)
        self._slack = transport

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        response = await run_async_bolt_app(self.app, req)
        await send_async_response(client, req, response, time())
        if response.status != 200:
            self._slack.give_up(req.envelope_id)


async def _deps(
    api_url: str, db: Database, clock: HeldClock, people: People, tmp_path: Path
) -> BotDeps:
    client = make_async_web(TOKEN, api_url)
    policy = await asyncio.to_thread(load_policy, CONFIG / "policy.yaml")
    return BotDeps(
        db=db,
        log=Log(keys=KeyRing.load_or_create(tmp_path / "signoff.key")),
        clock=clock,
        people=people,
        policy=policy,
        registry=declare(people, policy, clock),
        identity=Identity.of((await client.auth_test()).data),
        web=client,
        signing_secret=SECRET,
    )
