"""A private Redis-protocol server for the tests of this room, and savers on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from graphs.checkpoint.connect import open_saver
from graphs.checkpoint.saver import RedisSaver
from tests.graphs.office import Office, open_office
from tests.graphs.store import private_store
from tests.llm.rehearsal import Rehearsal, rehearsal_model


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with private_store() as url:
        yield url


@pytest.fixture
def wipe(redis_url: str) -> Iterator[redis.Redis]:
    """A plain client, for wiping and looking; the server is empty before each test."""
    client = redis.Redis.from_url(redis_url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def saver(redis_url: str, wipe: redis.Redis) -> Iterator[RedisSaver]:
    opened = open_saver(redis_url)
    yield opened
    opened.close()


@pytest.fixture
def model() -> Iterator[Rehearsal]:
    with rehearsal_model() as started:
        yield started


@pytest.fixture
def office(tmp_path: Path, redis_url: str, wipe: redis.Redis, model: Rehearsal) -> Iterator[Office]:
    with open_office(tmp_path, redis_url, model) as opened:
        yield opened
