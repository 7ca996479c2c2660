"""A turn's road: open a thread, put, put writes, get. One trip each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
)
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.serde.types import INTERRUPT

from graphs.checkpoint import layout, records, scripts, thread_scripts
from graphs.checkpoint.errors import UnreadableCheckpoint
from graphs.checkpoint.trips import Plan, Trip


class Lifetimes(NamedTuple):
    """Milliseconds a thread lives after its last write; "" is for ever."""

    live: int
    waiting: int | str

    @classmethod
    def of(cls, live: timedelta, waiting: timedelta | None) -> Lifetimes:
        return cls(_milliseconds(live), "" if waiting is None else _milliseconds(waiting))


def opened(lives: Lifetimes, thread_id: str, generation: int, fence: int) -> Plan[None]:
    yield Trip(thread_scripts.OPEN, thread_id, [fence, generation, lives.live])


def generation(thread_id: str) -> Plan[int | None]:
    found = yield Trip(thread_scripts.GENERATION, thread_id)
    try:
        return None if found is None else int(found)
    except ValueError as error:
        raise UnreadableCheckpoint() from error


def got(serde: SerializerProtocol, config: RunnableConfig) -> Plan[CheckpointTuple | None]:
    thread_id, ns = _thread(config), config["configurable"].get("checkpoint_ns", "")
    [found] = yield Trip(scripts.GET, thread_id, [ns, get_checkpoint_id(config) or ""])
    return records.read_tuple(serde, thread_id, ns, found) if found else None


def put(
    serde: SerializerProtocol,
    lives: Lifetimes,
    config: RunnableConfig,
    *,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    new_versions: ChannelVersions,
) -> Plan[RunnableConfig]:
    conf, thread_id = config["configurable"], _thread(config)
    ns, parent = conf.get("checkpoint_ns", ""), conf.get("checkpoint_id")
    fields = records.checkpoint_fields(serde, config, checkpoint, metadata, new_versions)
    after = layout.member("c", ns, parent) if parent else b""
    keep = _kept(conf.get("keep"), checkpoint, metadata)
    args = [*_gate(config), lives.live, after, ns, checkpoint["id"], keep, *fields]
    yield Trip(scripts.PUT, thread_id, args)
    return records.where(thread_id, ns, checkpoint["id"])


def put_writes(
    serde: SerializerProtocol,
    lives: Lifetimes,
    config: RunnableConfig,
    *,
    writes: Sequence[tuple[str, Any]],
    task_id: str,
    task_path: str,
) -> Plan[None]:
    triples = records.write_triples(serde, config, writes, task_id, task_path)
    waits = "1" if any(channel == INTERRUPT for channel, _ in writes) else "0"
    args = [*_gate(config), lives.live, waits, lives.waiting, *triples]
    yield Trip(scripts.PUT_WRITES, _thread(config), args)


def _thread(config: RunnableConfig) -> str:
    return str(config["configurable"]["thread_id"])


def _gate(config: RunnableConfig) -> tuple[Any, Any]:
    conf = config["configurable"]
    fence, named = conf.get("fence"), conf.get("generation")
    return "" if fence is None else int(fence), "" if named is None else int(named)


def _kept(keep: int | None, checkpoint: Checkpoint, metadata: CheckpointMetadata) -> int | str:
    # A delta channel's value is spread over ancestors that only `prune` walks.
    if keep is None or records.uses_deltas(checkpoint, metadata):
        return ""
    if keep < 1:
        raise ValueError(f"keep={keep}: at least the newest checkpoint is kept")
    return keep


def _milliseconds(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)
