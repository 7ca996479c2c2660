"""Plans driven over a client, in either colour, with the server's refusals as our named errors."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from functools import cache
from typing import Any, NoReturn, TypeVar

import redis
import redis.asyncio
from redis.exceptions import NoScriptError, RedisError, ResponseError

from graphs.checkpoint import layout
from graphs.checkpoint.errors import (
    StaleFence,
    StoreUnavailable,
    UnreadableCheckpoint,
    WrongGeneration,
)
from graphs.checkpoint.link import Link
from graphs.checkpoint.trips import EVERY_THREAD, Plan, Trip

T = TypeVar("T")
Client = redis.Redis | redis.RedisCluster
AsyncClient = Link | redis.asyncio.Redis | redis.asyncio.RedisCluster


class Driver:
    """Raises `StoreUnavailable` where the server does not answer."""

    def __init__(self, client: Client, aclient: AsyncClient | None) -> None:
        self._client: Any = client
        self._aclient: Any = aclient

    def ping(self) -> None:
        try:
            self._client.ping()
        except RedisError as error:
            _raise_named(error)

    def close(self) -> None:
        """Give the connections back; the asyncio ones are closed by `aclose`."""
        self._client.close()

    async def aclose(self) -> None:
        self._client.close()
        if self._aclient is not None:
            await self._aclient.aclose()

    def _drive(self, plan: Plan[T]) -> T:
        answer = None
        while True:
            try:
                trip = plan.send(answer)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            answer = self._run(*trip)

    async def _adrive(self, plan: Plan[T]) -> T:
        answer = None
        while True:
            try:
                trip = plan.send(answer)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            answer = await self._arun(*trip)

    def _stream(self, plan: Generator[Trip | T, Any, None]) -> Iterator[T]:
        answer = None
        while (step := _next(plan, answer)) is not None:
            answer = self._run(*step) if isinstance(step, Trip) else None
            if not isinstance(step, Trip):
                yield step

    async def _astream(self, plan: Generator[Trip | T, Any, None]) -> AsyncIterator[T]:
        answer = None
        while (step := _next(plan, answer)) is not None:
            answer = await self._arun(*step) if isinstance(step, Trip) else None
            if not isinstance(step, Trip):
                yield step

    def _run(self, script: str, thread_id: str, args: Sequence[Any]) -> Any:
        keys = layout.keys(thread_id)
        try:
            if script == EVERY_THREAD:
                names = self._client.scan_iter(layout.EVERY_INDEX, count=500)
                return [layout.thread_of(bytes(name).decode()) for name in names]
            try:
                return self._client.evalsha(_sha(script), len(keys), *keys, *args)
            except NoScriptError:
                return self._client.eval(script, len(keys), *keys, *args)
        except RedisError as error:
            _raise_named(error)

    async def _arun(self, script: str, thread_id: str, args: Sequence[Any]) -> Any:
        if self._aclient is None or script == EVERY_THREAD:
            return await asyncio.to_thread(self._run, script, thread_id, args)
        keys = layout.keys(thread_id)
        try:
            try:
                return await self._aclient.evalsha(_sha(script), len(keys), *keys, *args)
            except NoScriptError:
                return await self._aclient.eval(script, len(keys), *keys, *args)
        except RedisError as error:
            _raise_named(error)


def _next(plan: Generator[T, Any, None], answer: Any) -> T | None:
    try:
        return plan.send(answer)
    except StopIteration:
        return None


@cache
def _sha(script: str) -> str:
    """The name a server knows a script by."""
    return hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()


def _raise_named(error: Exception) -> NoReturn:
    text = str(error)
    if isinstance(error, ResponseError):
        if text.startswith("STALEFENCE"):
            raise StaleFence() from error
        if text.startswith("WRONGGENERATION"):
            raise WrongGeneration() from error
        # 6.2 puts words of its own before the server's.
        if text.startswith("UNREADABLE") or "WRONGTYPE" in text:
            raise UnreadableCheckpoint() from error
    raise StoreUnavailable() from error
