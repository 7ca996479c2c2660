"""The checkpointer's contract holds on every kind of server here, and in both colours."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
import redis

from graphs.checkpoint.connect import open_async_saver
from tests.contract.colours import Colour
from tests.graphs.store import private_redis, private_store


@pytest.fixture(scope="session", params=["valkey", "redis"])
def redis_url(request: pytest.FixtureRequest) -> Iterator[str]:
    with private_store() if request.param == "valkey" else private_redis() as url:
        if url is None:
            pytest.skip("no redis-server on the path: the checkpointer was checked on Valkey only")
        yield url


@pytest.fixture
def server(redis_url: str) -> Iterator[redis.Redis]:
    """A plain client, for wiping and looking; the server is empty before each test."""
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
        yield client


@pytest.fixture(params=["sync", "async"])
def saver(request: pytest.FixtureRequest, redis_url: str, server: redis.Redis) -> Iterator[Colour]:
    with asyncio.Runner() as runner:
        opened = open_async_saver(redis_url)
        yield Colour(opened, runner if request.param == "async" else None)
        runner.run(opened.aclose())
