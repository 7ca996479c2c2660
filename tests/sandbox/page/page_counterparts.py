"""Small servers that say what a test wants: the office's counters, the bot's story."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.closing import close


@dataclass
class Counterparts:
    """What is answered, as it stands."""

    url: str = ""
    counters: dict[str, Any] = field(default_factory=lambda: {"refunds_4711": 0, "mails_out": 0})
    stories: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    async def get_counters(self, request: web.Request) -> web.Response:
        return web.json_response(self.counters)

    async def get_story(self, request: web.Request) -> web.Response:
        return web.json_response({"actions": self.stories.get(request.query["thread"], [])})


@contextlib.asynccontextmanager
async def counterparts() -> AsyncIterator[Counterparts]:
    """Serves one `Counterparts` on a free port, office and bot at the same address."""
    parts = Counterparts()
    app = web.Application()
    app.router.add_get("/counters", parts.get_counters)
    app.router.add_get("/story", parts.get_story)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        parts.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield parts
    finally:
        await close(runner)
