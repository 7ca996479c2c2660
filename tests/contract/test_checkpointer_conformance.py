"""The public conformance suite of LangGraph checkpointers, on our saver and a real server."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import redis.asyncio
from langgraph.checkpoint.conformance import checkpointer_test, validate

from graphs.checkpoint.connect import open_async_saver
from graphs.checkpoint.saver import RedisSaver

BASE = {"put": 17, "put_writes": 10, "get_tuple": 10, "list": 16, "delete_thread": 5}
EXTENDED = {"delete_for_runs": 7, "copy_thread": 8, "prune": 8}


async def test_every_base_and_extended_test_of_the_public_suite_passes(redis_url: str) -> None:
    @checkpointer_test(name="RedisSaver")
    async def saver() -> AsyncGenerator[RedisSaver, None]:
        client = redis.asyncio.Redis.from_url(redis_url)
        await client.flushall()
        await client.aclose()
        opened = open_async_saver(redis_url)
        yield opened
        await opened.aclose()

    report = await validate(saver)

    failures = [line for result in report.results.values() for line in result.failures or ()]
    passed = {name: result.tests_passed for name, result in report.results.items()}
    assert failures == []
    assert passed == {**BASE, **EXTENDED}
    assert sum(BASE.values()) == 58
