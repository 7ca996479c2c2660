"""One trip per operation, counted by the server itself: it reports each command it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis
from redis.crc import key_slot

from graphs.checkpoint import layout
from tests.contract.colours import Colour, put, thread

_END = b"counted"


@contextmanager
def _commands(server: redis.Redis) -> Iterator[list[str]]:
    """The commands that clients send meanwhile; not those that scripts run inside the server."""
    sent: list[str] = []
    with server.client() as end, server.monitor() as reports:
        yield sent
        end.echo(_END)
        while _END.decode() not in (report := reports.next_command())["command"]:
            if report["client_type"] != "lua":
                sent.append(report["command"].split()[0].upper())


@pytest.mark.parametrize(
    "act",
    [
        lambda saver, kept: put(saver, kept, said="y", more=2),
        lambda saver, kept: put(saver, {"configurable": {**kept["configurable"], "keep": 1}}, a=1),
        lambda saver, kept: saver.put_writes(kept, [("a", 1), ("b", 2), ("c", 3)], "task"),
        lambda saver, kept: saver.get_tuple(thread()),
        lambda saver, kept: saver.get_tuple(kept),
        lambda saver, kept: saver.open_thread("t", generation=1, fence=1),
        lambda saver, kept: saver.generation("t"),
        lambda saver, kept: saver.delete_thread("t"),
    ],
    ids=["put", "put keep", "put_writes", "get", "get by id", "open", "generation", "delete"],
)
def test_each_operation_is_one_trip(
    saver: Colour, server: redis.Redis, act: Callable[[Colour, Any], object]
) -> None:
    act(saver, put(saver, thread(), said="x"))  # connects, and the server learns the script
    server.flushdb()
    kept = put(saver, thread(), said="x")

    with _commands(server) as sent:
        act(saver, kept)

    assert sent == ["EVALSHA"]


def test_a_hundred_checkpoints_are_listed_in_three_trips(
    saver: Colour, server: redis.Redis
) -> None:
    kept = thread()
    for number in range(100):
        kept = put(saver, kept, number=number)
    saver.list(thread(), limit=1)

    with _commands(server) as sent:
        found = saver.list(thread())

    assert [one.checkpoint["channel_values"]["number"] for one in found] == [*range(99, -1, -1)]
    assert sent == ["EVALSHA"] * 3


def test_a_server_that_lost_its_scripts_is_sent_them_again(
    saver: Colour, server: redis.Redis
) -> None:
    put(saver, thread(), said="x")
    saver.get_tuple(thread())
    server.script_flush()

    with _commands(server) as sent:
        found = saver.get_tuple(thread())

    assert found.checkpoint["channel_values"] == {"said": "x"}
    assert sent == ["EVALSHA", "EVAL"]


def test_a_threads_keys_lie_in_one_hash_slot_whatever_its_name() -> None:
    for name in ("turn_1", "a{b}c", "}{", "ü\n*"):
        first, second = layout.keys(name)
        assert key_slot(first.encode()) == key_slot(second.encode())
        assert layout.thread_of(first) == name
    assert layout.keys("a") != layout.keys("b")
