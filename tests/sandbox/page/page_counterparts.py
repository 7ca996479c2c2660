"""Small servers that say what a test wants: the office's counters and journal, the bot's story."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Counterparts:
    """`faults` collects what was armed; the rest is answered as it stands."""

    url: str = ""
    counters: dict[str, Any] = field(default_factory=lambda: {"refunds_4711": 0, "mails_out": 0})
    journal: list[dict[str, Any]] = field(default_factory=list)
    stories: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    faults: list[dict[str, Any]] = field(default_factory=list)

    async def get_counters(self, request: web.Request) -> web.Response:
        return web.json_response(self.counters)

    async def get_journal(self, request: web.Request) -> web.Response:
        return web.json_response({"entries": self.journal})

    async def get_story(self, request: web.Request) -> web.Response:
        return web.json_response({"actions": self.stories.get(request.query["thread"], [])})

    async def post_faults(self, request: web.Request) -> web.Response:
        self.faults.append(await request.json())
        return web.json_response({"ok": True})


@contextlib.asynccontextmanager
async def counterparts() -> AsyncIterator[Counterparts]:
    """Serves one `Counterparts` on a free port, office and bot at the same address."""
    parts = Counterparts()
    app = web.Application()
    app.router.add_get("/counters", parts.get_counters)
    app.router.add_get("/journal", parts.get_journal)
    app.router.add_get("/story", parts.get_story)
    app.router.add_post("/faults", parts.post_faults)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        parts.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield parts
    finally:
        await runner.cleanup()
