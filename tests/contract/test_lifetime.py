"""One time to live per thread: refreshed as the turn moves, and none while it waits."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, TypedDict

import pytest
import redis
from langgraph.checkpoint.serde.types import INTERRUPT
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send, interrupt

from graphs.checkpoint import layout
from graphs.checkpoint.connect import open_async_saver
from graphs.checkpoint.saver import RedisSaver
from tests.contract.colours import Colour, put, thread

DAY_MS = 86_400_000
FOR_EVER = [-1, -1]


@pytest.fixture
def daily(saver: Colour, redis_url: str) -> Iterator[Colour]:
    """A saver whose threads live a day."""
    with_aclient = open_async_saver(redis_url, ttl=timedelta(days=1))
    yield saver.with_saver(with_aclient)
    if saver.runner is not None:
        saver.runner.run(with_aclient.aclose())
    with_aclient.close()


def _left(server: redis.Redis, name: str = "t") -> list[Any]:
    return [server.pttl(key) for key in layout.keys(name)]


def _nearly_over(server: redis.Redis, name: str = "t") -> None:
    for key in layout.keys(name):
        assert server.pexpire(key, DAY_MS // 2)


def _refreshed(server: redis.Redis, name: str = "t") -> bool:
    return all(DAY_MS // 2 < left <= DAY_MS for left in _left(server, name))


def test_a_whole_thread_has_one_time_to_live_refreshed_by_every_write(
    daily: Colour, server: redis.Redis
) -> None:
    kept = put(daily, thread(), said="x")
    assert _refreshed(server)
    assert sorted(server.keys()) == sorted(key.encode() for key in layout.keys("t"))

    _nearly_over(server)
    daily.put_writes(kept, [("x", 1)], "task")
    assert _refreshed(server)

    _nearly_over(server)
    put(daily, kept, said="y")
    assert _refreshed(server)


def test_an_opened_thread_lives_as_long_as_one_written_to(
    daily: Colour, server: redis.Redis
) -> None:
    daily.open_thread("t", generation=1, fence=1)

    assert DAY_MS // 2 < server.pttl(layout.keys("t")[1]) <= DAY_MS


def test_a_waiting_thread_does_not_expire_until_it_moves_on(
    daily: Colour, server: redis.Redis
) -> None:
    kept = put(daily, thread(), said="x")

    daily.put_writes(kept, [(INTERRUPT, ("question",))], "waits")
    assert _left(server) == FOR_EVER

    daily.put_writes(kept, [("x", 1)], "works")
    put(daily, thread(ns="below:1"), said="in a subgraph")
    assert _left(server) == FOR_EVER, "others of its step work on while it waits"

    put(daily, kept, said="answered")
    assert _refreshed(server)


def test_how_long_a_thread_may_wait_can_be_bounded(
    saver: Colour, server: redis.Redis, redis_url: str
) -> None:
    bounded = RedisSaver(server, ttl=timedelta(hours=1), waiting=timedelta(days=1))
    sync = Colour(bounded, None)
    kept = put(sync, thread(), said="x")

    sync.put_writes(kept, [(INTERRUPT, ("question",))], "waits")

    assert _refreshed(server)


def test_a_copy_waits_and_lives_as_its_source(daily: Colour, server: redis.Redis) -> None:
    kept = put(daily, thread(), said="x")
    daily.copy_thread("t", "live")
    daily.put_writes(kept, [(INTERRUPT, ("question",))], "waits")

    daily.copy_thread("t", "waiting")

    assert _refreshed(server, "live")
    assert _left(server, "waiting") == FOR_EVER
    assert daily.get_tuple(thread("waiting")).pending_writes == [("waits", INTERRUPT, ["question"])]


class _State(TypedDict):
    answers: Annotated[list[str], operator.add]


def _asks(state: Any) -> dict[str, Any]:
    return {"answers": [interrupt(state)]}


def _graph(saver: Any) -> Any:
    builder = StateGraph(_State)
    builder.add_node("ask", _asks)
    builder.add_node("done", lambda state: {"answers": ["done"]})
    builder.add_conditional_edges(START, lambda _: [Send("ask", "one"), Send("ask", "two")])
    builder.add_edge("ask", "done")
    builder.add_edge("done", END)
    return builder.compile(checkpointer=saver)


def test_a_graph_that_waits_for_two_answers_is_kept_until_it_has_both(
    daily: Colour, server: redis.Redis
) -> None:
    graph, config = _graph(daily.saver), thread()
    daily.invoke(graph, {"answers": []}, config)
    first, second = daily.state(graph, config).interrupts
    assert _left(server) == FOR_EVER

    daily.invoke(graph, Command(resume={first.id: "yes"}), config)
    assert _left(server) == FOR_EVER

    ended = daily.invoke(graph, Command(resume={second.id: "no"}), config)
    assert ended["answers"] == ["yes", "no", "done"]
    assert _refreshed(server)
