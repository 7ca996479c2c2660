"""A real rehearsal model on a free port, and the real openai client pointed at it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from openai import AsyncOpenAI

from sandbox.closing import close
from sandbox.model.server import make_app


@pytest.fixture
async def address() -> AsyncIterator[str]:
    runner = web.AppRunner(make_app(), handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield f"http://127.0.0.1:{port}"
    await close(runner)


@pytest.fixture
async def client(address: str) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=f"{address}/v1", api_key="practice", max_retries=0) as opened:
        yield opened
