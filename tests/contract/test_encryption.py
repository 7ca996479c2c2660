"""Encryption at rest: nothing of a value can be read in the server, and keys can be rotated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest
import redis
from langgraph.checkpoint.serde.types import ERROR

from graphs.checkpoint import layout
from graphs.checkpoint.cipher import encrypted
from graphs.checkpoint.connect import open_async_saver
from graphs.checkpoint.errors import UnreadableCheckpoint
from tests.contract.colours import Colour, got, put_with, thread, values

OLD, NEW = {"2025": b"o" * 32}, {"2026": b"n" * 32}
SECRET = "IBAN DE02120300000000202051"

Keyed = Callable[[Mapping[str, bytes]], Colour]


@pytest.fixture
def keyed(saver: Colour, redis_url: str) -> Iterator[Keyed]:
    opened = []

    def with_keys(keys: Mapping[str, bytes]) -> Colour:
        opened.append(open_async_saver(redis_url, serde=encrypted(keys)))
        return saver.with_saver(opened[-1])

    yield with_keys
    for one in opened:
        if saver.runner is not None:
            saver.runner.run(one.aclose())
        one.close()


def _put_secret(saver: Colour) -> None:
    metadata = {"source": "loop", "note": SECRET}
    kept = put_with(saver, thread(), metadata, said=SECRET, more=[SECRET])
    saver.put_writes(kept, [("said", SECRET), (ERROR, SECRET)], "task")


def test_values_writes_and_metadata_are_unreadable_in_the_server(
    keyed: Keyed, server: redis.Redis
) -> None:
    saver = keyed(NEW)
    _put_secret(saver)

    stored = server.hgetall(layout.keys("t")[1])

    assert stored
    assert all(SECRET[5:].encode() not in part for pair in stored.items() for part in pair)
    assert values(saver, thread()) == {"said": SECRET, "more": [SECRET]}
    assert [one.metadata["note"] for one in saver.list(thread(), filter={"note": SECRET})] == [
        SECRET
    ]


def test_after_a_rotation_old_threads_are_read_and_new_values_use_the_new_key(
    keyed: Keyed, server: redis.Redis
) -> None:
    _put_secret(keyed(OLD))
    both = keyed({**NEW, **OLD})

    assert values(both, thread()) == {"said": SECRET, "more": [SECRET]}
    put_with(both, thread("new"), {"source": "loop"}, said="after")

    assert values(keyed(NEW), thread("new")) == {"said": "after"}


def test_a_key_that_is_gone_makes_a_thread_unreadable_by_name(keyed: Keyed) -> None:
    _put_secret(keyed(OLD))
    without = keyed(NEW)

    with pytest.raises(UnreadableCheckpoint):
        without.get_tuple(thread())
    with pytest.raises(UnreadableCheckpoint):
        without.list(thread())


def test_a_changed_byte_is_noticed(keyed: Keyed, server: redis.Redis) -> None:
    saver = keyed(NEW)
    _put_secret(saver)
    body = layout.keys("t")[1]
    [name] = [name for name in server.hkeys(body) if name.startswith(b"b\0")]
    stored = server.hget(body, name)
    server.hset(body, name, stored[:-1] + bytes([stored[-1] ^ 1]))

    with pytest.raises(UnreadableCheckpoint):
        saver.get_tuple(thread())


def test_encryption_turned_on_under_a_live_thread_reads_what_was_plain(
    saver: Colour, keyed: Keyed
) -> None:
    _put_secret(saver)

    found = got(keyed(NEW), thread())

    assert found.checkpoint["channel_values"] == {"said": SECRET, "more": [SECRET]}
    assert found.metadata["note"] == SECRET


@pytest.mark.parametrize("keys", [{}, {"short": b"x" * 16}])
def test_a_ring_without_a_whole_key_is_refused(keys: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        encrypted(keys)
