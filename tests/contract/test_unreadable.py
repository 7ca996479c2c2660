"""Truncated and foreign values raise a named error; nothing of them is guessed."""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from graphs.checkpoint import layout
from graphs.checkpoint.connect import open_async_saver, open_saver
from graphs.checkpoint.errors import StoreUnavailable, UnreadableCheckpoint
from tests.contract.colours import Colour, got, put, thread

INDEX, BODY = layout.keys("t")


def _fields(server: redis.Redis, kind: bytes) -> list[bytes]:
    return [name for name in server.hkeys(BODY) if name.startswith(kind + b"\0")]


def _shorten(server: redis.Redis, kind: bytes, by: int) -> None:
    [name] = _fields(server, kind)
    server.hset(BODY, name, server.hget(BODY, name)[:-by])


def _replace(server: redis.Redis, kind: bytes, value: bytes) -> None:
    [name] = _fields(server, kind)
    server.hset(BODY, name, value)


def _lose(server: redis.Redis, kind: bytes) -> None:
    assert server.hdel(BODY, *_fields(server, kind)) == 1


DAMAGE: dict[str, Callable[[redis.Redis], object]] = {
    "value cut by a byte": lambda server: _shorten(server, b"b", 1),
    "value cut within its header": lambda server: _replace(server, b"b", b"\0\0\0"),
    "value of another program": lambda server: _replace(server, b"b", b'{"json": true}'),
    "value of no known kind": lambda server: _replace(server, b"b", layout.pack(b"cbor", b"\xf6")),
    "value with garbage of the right length": lambda server: _replace(
        server, b"b", layout.pack(b"msgpack", b"\xc1")
    ),
    "value gone": lambda server: _lose(server, b"b"),
    "record cut": lambda server: _shorten(server, b"c", 5),
    "record empty": lambda server: _replace(server, b"c", b""),
    "record of a number": lambda server: _replace(
        server, b"c", layout.pack(b"msgpack", b"\x01", b"msgpack", b"\x80", b"")
    ),
    "record with metadata of a list": lambda server: _replace(
        server, b"c", layout.pack(b"msgpack", b"\x80", b"msgpack", b"\x90", b"")
    ),
    "record without values": lambda server: _replace(
        server, b"c", layout.pack(b"msgpack", b"\x80", b"msgpack", b"\x80", b"")
    ),
    "record gone": lambda server: _lose(server, b"c"),
    "names gone": lambda server: _lose(server, b"v"),
    "names of another program": lambda server: _replace(server, b"v", b"garbage"),
    "write cut": lambda server: _shorten(server, b"w", 1),
    "write without text in it": lambda server: _replace(
        server, b"w", layout.pack(b"\xff", b"", b"msgpack", b"\xc0")
    ),
    "write gone": lambda server: _lose(server, b"w"),
    "body gone": lambda server: server.delete(BODY),
    "index of another type": lambda server: server.delete(INDEX) and server.set(INDEX, "x"),
    "body of another type": lambda server: server.delete(BODY) and server.set(BODY, "x"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_thread_is_named_so_and_can_be_begun_anew(
    saver: Colour, server: redis.Redis, damage: Callable[[redis.Redis], object]
) -> None:
    kept = put(saver, thread(), said=["whole"])
    saver.put_writes(kept, [("said", "more")], "task")
    damage(server)

    with pytest.raises(UnreadableCheckpoint):
        saver.get_tuple(thread())
    with pytest.raises(UnreadableCheckpoint):
        saver.list(thread())

    saver.open_thread("t", generation=2, fence=1)
    put(saver, thread(generation=2, fence=1), said="anew")
    assert got(saver, thread()).checkpoint["channel_values"] == {"said": "anew"}


def test_a_foreign_generation_is_unreadable(saver: Colour, server: redis.Redis) -> None:
    server.hset(BODY, "g", "first")

    with pytest.raises(UnreadableCheckpoint):
        saver.generation("t")


def test_a_thread_that_is_not_there_is_none_and_not_an_error(saver: Colour) -> None:
    kept = put(saver, thread(), said="x")
    saver.delete_thread("t")

    assert saver.get_tuple(thread()) is None
    assert saver.get_tuple(kept) is None
    assert saver.list(thread()) == []


@pytest.mark.parametrize("name", ["a\0b", "a\x1eb", "a\x1fb"])
def test_a_name_that_would_read_as_two_is_refused(saver: Colour, name: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        put(saver, thread(), **{name: [1]})

    assert saver.list(thread()) == []


def test_a_server_that_does_not_answer_is_named_so(saver: Colour) -> None:
    away = open_async_saver("redis://127.0.0.1:9/0", timeout_s=0.2)
    absent = saver.with_saver(away)

    with pytest.raises(StoreUnavailable):
        absent.get_tuple(thread())
    with pytest.raises(StoreUnavailable):
        put(absent, thread(), said="x")
    with pytest.raises(StoreUnavailable):
        absent.list(None)
    with pytest.raises(StoreUnavailable):
        away.ping()
    away.close()


def test_a_server_that_hangs_is_left_in_time_and_named_so(saver: Colour) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        hung = open_async_saver(f"redis://127.0.0.1:{deaf.getsockname()[1]}/0", timeout_s=0.1)

        with pytest.raises(StoreUnavailable):
            saver.with_saver(hung).get_tuple(thread())

        hung.close()


def test_more_at_once_than_there_are_connections_wait_for_one(redis_url: str) -> None:
    saver = open_saver(redis_url, connections=2)

    with ThreadPoolExecutor(50) as pool:
        found = list(pool.map(lambda n: saver.get_tuple(thread(f"t{n}")), range(50)))

    assert found == [None] * 50
    saver.close()
