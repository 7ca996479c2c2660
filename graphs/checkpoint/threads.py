"""Whole threads: list, copy, prune and delete them. Off a turn's road, so it may be slow."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeVar
from urllib.parse import unquote

import redis
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple, get_checkpoint_id
from redis.exceptions import RedisError, ResponseError

from graphs.checkpoint import layout
from graphs.checkpoint.errors import StaleFence, StoreUnavailable, WrongGeneration

T = TypeVar("T")


class Threads:
    """The part of the saver that works on threads as a whole."""

    _client: redis.Redis

    @abstractmethod
    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The saver's own."""

    def delete_thread(self, thread_id: str) -> None:
        asked(lambda: self._client.unlink(*layout.keys(thread_id)))

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        runs = set(run_ids)
        for thread_id in self._thread_ids():
            of_runs = [
                (ns, checkpoint_id)
                for _thread, ns, checkpoint_id in self._ids_of(thread_id)
                if self._run_of(thread_id, ns, checkpoint_id) in runs
            ]
            self._drop(thread_id, of_runs)

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Every checkpoint and write; not the source's generation and fence."""
        index, body = layout.keys(source_thread_id)
        members: Any = asked(lambda: self._client.zrange(index, 0, -1))
        if not members:
            return
        fields: Any = asked(lambda: self._client.hgetall(body))
        kept = {name: value for name, value in fields.items() if name not in (b"g", b"f")}
        to_index, to_body = layout.keys(target_thread_id)
        ttl: Any = asked(lambda: self._client.pttl(body))
        with self._client.pipeline() as pipe:
            pipe.zadd(to_index, dict.fromkeys(members, 0))
            pipe.hset(to_body, mapping=kept)
            for key in (to_index, to_body):
                pipe.pexpire(key, ttl)
            asked(pipe.execute)

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """`keep_latest` leaves the newest checkpoint of each namespace; `delete` leaves nothing.

        A thread whose graph uses delta channels is left whole: its newest checkpoint is only
        readable along its ancestors.
        """
        if strategy not in ("keep_latest", "delete"):
            raise ValueError(f"unknown strategy {strategy!r}: use keep_latest or delete")
        for thread_id in thread_ids:
            if strategy == "delete":
                self.delete_thread(thread_id)
            else:
                self._keep_latest(thread_id)

    async def adelete_thread(self, thread_id: str) -> None:
        await asyncio.to_thread(self.delete_thread, thread_id)

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        await asyncio.to_thread(self.delete_for_runs, run_ids)

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        await asyncio.to_thread(self.copy_thread, source_thread_id, target_thread_id)

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        await asyncio.to_thread(self.prune, thread_ids, strategy=strategy)

    def _ids(
        self, config: RunnableConfig | None, before: RunnableConfig | None
    ) -> list[tuple[str, str, str]]:
        """(thread, namespace, checkpoint) of what `list` is asked for, newest first."""
        conf = config["configurable"] if config else {}
        threads = [conf["thread_id"]] if conf else self._thread_ids()
        found = [item for thread_id in threads for item in self._ids_of(thread_id)]
        if "checkpoint_ns" in conf:
            found = [item for item in found if item[1] == conf["checkpoint_ns"]]
        if config and (only := get_checkpoint_id(config)):
            found = [item for item in found if item[2] == only]
        if before and (limit := get_checkpoint_id(before)):
            found = [item for item in found if item[2] < limit]
        return sorted(found, key=lambda item: item[2], reverse=True)

    def _ids_of(self, thread_id: str) -> list[tuple[str, str, str]]:
        index = layout.keys(thread_id)[0]
        members: Any = asked(lambda: self._client.zrangebylex(index, b"[c\0", b"(c\1"))
        pairs = (layout.split(name) for name in members)
        return [(thread_id, ns, checkpoint_id) for ns, checkpoint_id in pairs]

    def _thread_ids(self) -> list[str]:
        pattern = layout.PREFIX + "*:index"
        names = asked(lambda: [bytes(name) for name in self._client.scan_iter(pattern, count=500)])
        start = len(layout.PREFIX) + 1
        return [unquote(name.decode()[start : -len("}:index")]) for name in names]

    def _run_of(self, thread_id: str, ns: str, checkpoint_id: str) -> Any:
        found = self.get_tuple(layout.where(thread_id, ns, checkpoint_id))
        return found.metadata.get("run_id") if found else None

    def _keep_latest(self, thread_id: str) -> None:
        newest: dict[str, str] = {}
        everything = self._ids_of(thread_id)
        for _thread, ns, checkpoint_id in everything:
            newest[ns] = max(newest.get(ns, ""), checkpoint_id)
        for ns, checkpoint_id in newest.items():
            found = self.get_tuple(layout.where(thread_id, ns, checkpoint_id))
            if found and found.metadata.get("counters_since_delta_snapshot"):
                return
        old = [(ns, one) for _thread, ns, one in everything if one != newest[ns]]
        self._drop(thread_id, old)

    def _drop(self, thread_id: str, checkpoints: Sequence[tuple[str, str]]) -> None:
        """Remove these checkpoints, their writes, and the values no other checkpoint names."""
        if not checkpoints:
            return
        index, body = layout.keys(thread_id)
        names: Any = asked(lambda: self._client.hkeys(body))
        gone = set(checkpoints)
        doomed = [name for name in names if _belongs(name, gone)]
        lists = [n for n in names if n.startswith(b"v\0") and n not in set(doomed)]
        kept: Any = asked(lambda: self._client.hmget(body, lists)) if lists else []
        named = {field for joined in kept for field in (joined or b"").split(b"\x1f")}
        doomed += [name for name in names if name.startswith(b"b\0") and name not in named]
        with self._client.pipeline() as pipe:
            pipe.hdel(body, *doomed)
            pipe.zrem(index, *doomed)
            asked(pipe.execute)


def asked(call: Callable[[], T]) -> T:
    """Do it, with the server's refusals as our named errors."""
    try:
        return call()
    except RedisError as error:
        raise_named(error)


def raise_named(error: RedisError) -> NoReturn:
    text = str(error)
    if isinstance(error, ResponseError):
        if text.startswith("STALEFENCE"):
            raise StaleFence() from error
        if text.startswith("WRONGGENERATION"):
            raise WrongGeneration() from error
    raise StoreUnavailable() from error


def _belongs(name: bytes, checkpoints: set[tuple[str, str]]) -> bool:
    if name[:2] not in (b"c\0", b"v\0", b"w\0"):
        return False
    ns, checkpoint_id = layout.split(name)[:2]
    return (ns, checkpoint_id) in checkpoints
