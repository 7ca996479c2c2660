"""`RedisSaver`: LangGraph's checkpoints on plain Redis commands, one script a trip, fenced.

Sync and async methods are twins over the same pure functions of `layout`: the one place where two
colours meet (ADR 0002).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from typing import Any

import redis
import redis.asyncio
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
)
from langgraph.checkpoint.serde.base import SerializerProtocol
from redis.exceptions import RedisError

from graphs.checkpoint import layout, scripts
from graphs.checkpoint.threads import Threads, asked, raise_named

WEEK = timedelta(days=7)


class RedisSaver(Threads, BaseCheckpointSaver[str]):
    """Checkpoints of many threads on one server.

    `configurable["fence"]` and `["generation"]` (integers) travel with every write: a lower fence
    raises `StaleFence`, a thread without that generation `WrongGeneration`. A thread never given a
    generation by `open_thread` takes writes without one. A server that does not answer raises
    `StoreUnavailable`. Any method may be called from any thread.
    """

    def __init__(
        self,
        client: redis.Redis,
        aclient: redis.asyncio.Redis | None = None,
        *,
        ttl: timedelta = WEEK,
        serde: SerializerProtocol | None = None,
    ) -> None:
        super().__init__(serde=serde)
        self._client, self._aclient = client, aclient
        self._scripts = {text: client.register_script(text) for text in scripts.ALL}
        self._ascripts = {text: aclient.register_script(text) for text in scripts.ALL if aclient}
        self._ttl_ms = int(ttl.total_seconds() * 1000)

    def open_thread(self, thread_id: str, *, generation: int, fence: int) -> None:
        """Empty the thread and begin it anew under this generation. Raises `StaleFence`."""
        self._run(scripts.OPEN, thread_id, [fence, generation, self._ttl_ms])

    def generation(self, thread_id: str) -> int | None:
        """The generation the stored thread was opened under; None where it is gone."""
        found: Any = asked(lambda: self._client.hget(layout.keys(thread_id)[1], "g"))
        return None if found is None else int(found)

    def ping(self) -> None:
        """Raises `StoreUnavailable` where the server does not answer."""
        asked(self._client.ping)

    def close(self) -> None:
        """Give the connections back; the asyncio ones are closed by `aclose`."""
        self._client.close()

    async def aclose(self) -> None:
        self._client.close()
        if self._aclient is not None:
            await self._aclient.aclose()

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        thread_id, ns, args = _sought(config)
        found = self._run(scripts.GET, thread_id, args)
        return found and layout.read_tuple(self.serde, thread_id, ns, found)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        thread_id, ns, args = _sought(config)
        found = await self._arun(scripts.GET, thread_id, args)
        return found and layout.read_tuple(self.serde, thread_id, ns, found)

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        thread_id, stored, args = self._put(config, checkpoint, metadata, new_versions)
        self._run(scripts.PUT, thread_id, args)
        return stored

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        thread_id, stored, args = self._put(config, checkpoint, metadata, new_versions)
        await self._arun(scripts.PUT, thread_id, args)
        return stored

    def put_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        triples = layout.write_triples(self.serde, config, writes, task_id, task_path)
        self._run(scripts.PUT_WRITES, _thread(config), [*_gate(config), self._ttl_ms, *triples])

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        triples = layout.write_triples(self.serde, config, writes, task_id, task_path)
        args = [*_gate(config), self._ttl_ms, *triples]
        await self._arun(scripts.PUT_WRITES, _thread(config), args)

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        left = limit
        for thread_id, ns, checkpoint_id in self._ids(config, before):
            if left is not None and left <= 0:
                return
            found = self.get_tuple(layout.where(thread_id, ns, checkpoint_id))
            if found and layout.matches(found, filter or {}):
                left = None if left is None else left - 1
                yield found

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        left = limit
        for thread_id, ns, checkpoint_id in await asyncio.to_thread(self._ids, config, before):
            if left is not None and left <= 0:
                return
            found = await self.aget_tuple(layout.where(thread_id, ns, checkpoint_id))
            if found and layout.matches(found, filter or {}):
                left = None if left is None else left - 1
                yield found

    def get_next_version(self, current: str | None, channel: None) -> str:
        """The next number, with a random tail: two branches of one thread never share a value."""
        number = 1 if current is None else int(str(current).split(".")[0]) + 1
        return f"{number:032}.{secrets.token_hex(8)}"

    def _put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> tuple[str, RunnableConfig, Sequence[Any]]:
        conf = config["configurable"]
        ns, parent = conf.get("checkpoint_ns", ""), conf.get("checkpoint_id")
        fields = layout.checkpoint_fields(self.serde, config, checkpoint, metadata, new_versions)
        after = layout.member(b"c", ns, parent) if parent else b""
        args = [*_gate(config), self._ttl_ms, after, fields[0], *fields]
        thread_id = _thread(config)
        return thread_id, layout.where(thread_id, ns, checkpoint["id"]), args

    def _run(self, script: str, thread_id: str, args: Sequence[Any]) -> Any:
        call = self._scripts[script]
        return asked(lambda: call(keys=layout.keys(thread_id), args=args))

    async def _arun(self, script: str, thread_id: str, args: Sequence[Any]) -> Any:
        if not self._ascripts:
            return await asyncio.to_thread(self._run, script, thread_id, args)
        try:
            return await self._ascripts[script](keys=layout.keys(thread_id), args=args)
        except RedisError as error:
            raise_named(error)


def _thread(config: RunnableConfig) -> str:
    return str(config["configurable"]["thread_id"])


def _gate(config: RunnableConfig) -> tuple[Any, Any]:
    conf = config["configurable"]
    return conf.get("fence", ""), conf.get("generation", "")


def _sought(config: RunnableConfig) -> tuple[str, str, list[str]]:
    ns = config["configurable"].get("checkpoint_ns", "")
    return _thread(config), ns, [ns, get_checkpoint_id(config) or ""]
