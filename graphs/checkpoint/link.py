"""A bare asyncio client: scripts over one connection, answered in the order they were sent.

A trip through redis-py's asyncio client takes almost three times as long, and most of it is spent
in this process (ADR 0013).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import NoScriptError, ResponseError
from redis.exceptions import TimeoutError as NoAnswer

Argument = bytes | str | int


class Address(NamedTuple):
    """A server on a port or a socket file (`path`); neither TLS nor a cluster."""

    host: str = "localhost"
    port: int = 6379
    path: str | None = None
    db: int = 0
    username: str | None = None
    password: str | None = None


class Link:
    """Any number of trips at once, from one event loop at a time. Connects when it is used, and
    again where the connection has ended. Its methods raise `RedisError`."""

    def __init__(self, address: Address, *, timeout_s: float) -> None:
        self._address, self._timeout_s = address, timeout_s
        self._line: _Line | None = None
        self._opening = asyncio.Lock()

    async def evalsha(self, sha: str, keys: int, *args: Argument) -> Any:
        return await self._ask("EVALSHA", sha, keys, *args)

    async def eval(self, script: str, keys: int, *args: Argument) -> Any:
        return await self._ask("EVAL", script, keys, *args)

    async def aclose(self) -> None:
        line, self._line = self._line, None
        if line is not None and line.loop is asyncio.get_running_loop():
            await line.close()

    async def _ask(self, *command: Argument) -> Any:
        sent, line = _packed(command), self._line
        if line is None or not line.alive or line.loop is not asyncio.get_running_loop():
            line = await self._connected()
        try:
            return await line.ask(sent)
        except NoConnection:
            # It may have ended while nobody looked. Every script may be run again.
            return await (await self._connected()).ask(sent)

    async def _connected(self) -> _Line:
        line = self._line
        if line is not None and line.loop is not asyncio.get_running_loop():
            self._line, self._opening = None, asyncio.Lock()
        async with self._opening:
            if self._line is None or not self._line.alive:
                self._line = await _opened(self._address, self._timeout_s)
            return self._line


class _Line(asyncio.Protocol):
    """One connection."""

    def __init__(self, timeout_s: float) -> None:
        self.loop = asyncio.get_running_loop()
        self.alive = True
        self._timeout_s = timeout_s
        #: Whose answers come next, and until when.
        self._waiting: deque[tuple[asyncio.Future[Any], float]] = deque()
        self._watch: asyncio.TimerHandle | None = None
        self._unread = b""
        self._gone = self.loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    async def ask(self, sent: bytes) -> Any:
        if not self.alive:
            raise NoConnection("the connection has ended")
        answer = self.loop.create_future()
        self._waiting.append((answer, self.loop.time() + self._timeout_s))
        # At once: the server works on a step's writes while its checkpoint is still being packed.
        self._transport.write(sent)
        if self._watch is None:
            self._watch = self.loop.call_later(self._timeout_s, self._look)
        return await answer

    async def close(self) -> None:
        self.alive = False
        self._transport.close()
        await self._gone

    def data_received(self, data: bytes) -> None:
        self._unread += data
        at = 0
        try:
            for answer, at in _answers(self._unread):  # noqa: B007 - where the next one begins
                _settle(self._waiting.popleft()[0], answer)
        except (ValueError, IndexError):  # not a server of this protocol
            self._transport.abort()
        self._unread = self._unread[at:]

    def connection_lost(self, exc: Exception | None) -> None:
        self.alive = False
        if self._watch is not None:
            self._watch.cancel()
        for answer, _ in self._waiting:
            _settle(answer, NoConnection("the connection ended before an answer came"))
        self._gone.set_result(None)

    def _look(self) -> None:
        """One timer for all who wait: the first of them has waited longest."""
        self._watch = None
        if not self._waiting or not self.alive:
            return
        answer, until = self._waiting[0]
        if until > self.loop.time():
            self._watch = self.loop.call_at(until, self._look)
            return
        # What comes later cannot be told from the next one's answer.
        self.alive = False
        _settle(answer, NoAnswer("no answer in time"))
        self._transport.abort()


async def _opened(address: Address, timeout_s: float) -> _Line:
    loop, line = asyncio.get_running_loop(), _Line(timeout_s)
    try:
        async with asyncio.timeout(timeout_s):
            if address.path is not None:
                await loop.create_unix_connection(lambda: line, address.path)
            else:
                await loop.create_connection(lambda: line, address.host, address.port)
    except TimeoutError as error:
        raise NoAnswer("no connection in time") from error
    except OSError as error:
        raise NoConnection("the server cannot be reached") from error
    try:
        if address.password is not None:
            name = [address.username] if address.username else []
            await line.ask(_packed(["AUTH", *name, address.password]))
        if address.db:
            await line.ask(_packed(["SELECT", address.db]))
    except BaseException:
        await line.close()
        raise
    return line


def _packed(command: Sequence[Argument]) -> bytes:
    parts = [b"*%d\r\n" % len(command)]
    for argument in command:
        part = argument if type(argument) is bytes else str(argument).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(part), part))
    return b"".join(parts)


def _settle(waiting: asyncio.Future[Any], answer: Any) -> None:
    if waiting.done():  # nobody waits any more
        return
    if isinstance(answer, Exception):
        waiting.set_exception(answer)
    else:
        waiting.set_result(answer)


def _answers(unread: bytes) -> Iterator[tuple[Any, int]]:
    """Each whole answer (RESP2), and where the next one begins. `ValueError`: it is none."""
    at = 0
    while (found := _answer(unread, at)) is not None:
        yield found
        at = found[1]


def _answer(unread: bytes, at: int) -> tuple[Any, int] | None:
    end = unread.find(b"\r\n", at)
    if end < 0:
        return None
    kind, head, after = unread[at : at + 1], unread[at + 1 : end], end + 2
    if kind == b"$":
        return _bulk(unread, after, int(head))
    if kind == b"*":
        return _array(unread, after, int(head))
    if kind == b":":
        return int(head), after
    if kind == b"+":
        return head, after
    if kind == b"-":
        return _refusal(head.decode(errors="replace")), after
    raise ValueError("not an answer of a Redis server")


def _bulk(unread: bytes, at: int, size: int) -> tuple[bytes | None, int] | None:
    if size < 0:
        return None, at
    end = at + size
    return (unread[at:end], end + 2) if len(unread) >= end + 2 else None


def _array(unread: bytes, at: int, count: int) -> tuple[list[Any] | None, int] | None:
    if count < 0:
        return None, at
    items = []
    for _ in range(count):
        if (found := _answer(unread, at)) is None:
            return None
        item, at = found
        items.append(item)
    return items, at


def _refusal(said: str) -> ResponseError:
    name, _, rest = said.partition(" ")
    if name == "NOSCRIPT":
        return NoScriptError(rest)
    # As redis-py: its name is left out where it says nothing.
    return ResponseError(rest if name == "ERR" else said)
