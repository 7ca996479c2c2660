"""The public conformance suite of LangGraph checkpointers, on our saver and real servers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

import redis
from langgraph.checkpoint.conformance import checkpointer_test, validate

from graphs.checkpoint.connect import open_async_saver
from graphs.checkpoint.saver import RedisSaver

BASE = {"put": 17, "put_writes": 10, "get_tuple": 10, "list": 16, "delete_thread": 5}
EXTENDED = {"delete_for_runs": 7, "copy_thread": 8, "prune": 8}


async def test_every_base_and_extended_test_of_the_public_suite_passes(
    redis_url: str, server: redis.Redis, record_property: Callable[[str, object], None]
) -> None:
    @checkpointer_test(name="RedisSaver")
    async def saver() -> AsyncGenerator[RedisSaver, None]:
        server.flushall()
        opened = open_async_saver(redis_url)
        yield opened
        await opened.aclose()

    report = await validate(saver)

    failures = [line for result in report.results.values() for line in result.failures or ()]
    passed = {name: result.tests_passed for name, result in report.results.items()}
    assert failures == []
    assert passed == {**BASE, **EXTENDED}
    assert (sum(BASE.values()), sum(passed.values())) == (58, 81)
    extended = ", ".join(f"{name} {passed[name]}" for name in EXTENDED)
    record_property(
        "counted",
        f"checkpointer conformance on {_named(server)}: {sum(passed.values())} of 81 passed "
        f"(base {sum(passed[name] for name in BASE)}, {extended})",
    )


def _named(server: redis.Redis) -> str:
    about = server.info("server")
    name = about.get("server_name", "redis").capitalize()
    return f"{name} {about.get('valkey_version') or about['redis_version']}"
