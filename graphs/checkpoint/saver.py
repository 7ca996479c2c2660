"""`RedisSaver`: LangGraph's checkpoints on plain Redis commands, one script a trip, fenced.

Each method is one plan, driven in the colour it is called in (ADR 0002).
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from graphs.checkpoint import listing, steps, threads
from graphs.checkpoint.driver import AsyncClient, Client, Driver

WEEK = timedelta(days=7)


class RedisSaver(Driver, BaseCheckpointSaver[str]):
    """Checkpoints of many threads on one server or cluster; the package's docstring is the manual.

    Any method may be called from any thread. Without `aclient` the async methods run the sync ones
    in threads. `ttl` is what a thread lives after its last write, `waiting` what it lives while an
    interrupt waits for its answer (None: for ever).
    """

    def __init__(
        self,
        client: Client,
        aclient: AsyncClient | None = None,
        *,
        ttl: timedelta = WEEK,
        waiting: timedelta | None = None,
        serde: SerializerProtocol | None = None,
    ) -> None:
        Driver.__init__(self, client, aclient)
        # Strict whatever the environment says: stored bytes never choose what is imported.
        strict = JsonPlusSerializer(allowed_msgpack_modules=None)
        BaseCheckpointSaver.__init__(self, serde=serde or strict)
        self._lives = steps.Lifetimes.of(ttl, waiting)

    def open_thread(self, thread_id: str, *, generation: int, fence: int) -> None:
        """Empty the thread and begin it anew under this generation. Raises `StaleFence`."""
        self._drive(steps.opened(self._lives, thread_id, generation, fence))

    async def aopen_thread(self, thread_id: str, *, generation: int, fence: int) -> None:
        await self._adrive(steps.opened(self._lives, thread_id, generation, fence))

    def generation(self, thread_id: str) -> int | None:
        """The generation the stored thread was opened under; None where it is gone."""
        return self._drive(steps.generation(thread_id))

    async def ageneration(self, thread_id: str) -> int | None:
        return await self._adrive(steps.generation(thread_id))

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        return self._drive(steps.got(self.serde, config))

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        return await self._adrive(steps.got(self.serde, config))

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        return self._drive(
            steps.put(
                self.serde,
                self._lives,
                config,
                checkpoint=checkpoint,
                metadata=metadata,
                new_versions=new_versions,
            )
        )

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        return await self._adrive(
            steps.put(
                self.serde,
                self._lives,
                config,
                checkpoint=checkpoint,
                metadata=metadata,
                new_versions=new_versions,
            )
        )

    def put_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        self._drive(
            steps.put_writes(
                self.serde, self._lives, config, writes=writes, task_id=task_id, task_path=task_path
            )
        )

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        await self._adrive(
            steps.put_writes(
                self.serde, self._lives, config, writes=writes, task_id=task_id, task_path=task_path
            )
        )

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """`filter`: values of metadata, nested ones too, that must be equal."""
        return self._stream(listing.listed(self.serde, config, filter or {}, before, limit))

    def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        return self._astream(listing.listed(self.serde, config, filter or {}, before, limit))

    def delete_thread(self, thread_id: str) -> None:
        self._drive(threads.deleted(thread_id))

    async def adelete_thread(self, thread_id: str) -> None:
        await self._adrive(threads.deleted(thread_id))

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        self._drive(threads.without_runs(self.serde, set(run_ids)))

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        await self._adrive(threads.without_runs(self.serde, set(run_ids)))

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Every checkpoint and write; not the source's generation and fence."""
        self._drive(threads.copied(source_thread_id, target_thread_id))

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        await self._adrive(threads.copied(source_thread_id, target_thread_id))

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """`keep_latest` leaves the newest checkpoint of each namespace, and of its ancestors those
        that hold its delta channels; `delete` leaves nothing."""
        self._drive(threads.all_pruned(self.serde, thread_ids, strategy))

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        await self._adrive(threads.all_pruned(self.serde, thread_ids, strategy))

    def get_next_version(self, current: str | None, channel: None) -> str:
        """The next number, with a random tail: two branches of one thread never share a value."""
        number = 1 if current is None else int(str(current).split(".")[0]) + 1
        return f"{number:032}.{secrets.token_hex(8)}"
