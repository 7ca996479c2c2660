"""One workspace per test, on a clock that the test holds."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from core.clock import HeldClock
from sandbox.slack.settings import Settings
from sandbox.slack.shapes import BOT_TOKEN
from sandbox.slack.testing import FAST_RETRIES, PATIENCE_S, running
from tests.sandbox.slack.slack_bench import Bench, Remembering
from tests.sandbox.slack.slack_scene import Scene


@pytest.fixture
def held() -> HeldClock:
    return HeldClock(datetime(2026, 11, 20, 9, 0, tzinfo=UTC))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path, ack_seconds=PATIENCE_S, retry_delays=FAST_RETRIES)


@pytest.fixture
async def bench(settings: Settings, held: HeldClock) -> AsyncIterator[Bench]:
    async with running(settings, clock=held) as workspace, aiohttp.ClientSession() as http:
        yield Bench(workspace, http, held)


@pytest.fixture
def answered(bench: Bench) -> None:
    """The app acknowledges everything at once; `bench.delivered` holds what it got."""
    bench.workspace.dispatcher.transport = Remembering()


@pytest.fixture
async def scene(bench: Bench, held: HeldClock) -> Scene:
    return await Scene.set(bench, held)


@pytest.fixture
def client(bench: Bench) -> AsyncWebClient:
    return AsyncWebClient(BOT_TOKEN, base_url=bench.running.api_url)
