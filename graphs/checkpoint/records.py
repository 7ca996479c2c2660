"""Checkpoints and writes to and from the bytes that are stored. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    PendingWrite,
    get_checkpoint_metadata,
    writes_sort_key,
)
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.serde.types import _DeltaSnapshot

from graphs.checkpoint.errors import UnreadableCheckpoint
from graphs.checkpoint.layout import blob, cut, join_names, member, pack, split, split_names, unpack

#: Counts of the delta channels that have no value of their own in this checkpoint.
DELTA_COUNTERS = "counters_since_delta_snapshot"
#: Longer strings lie beside the record, once for all checkpoints that share them.
_SHORT = 100
#: Beyond it msgpack has no integers.
_WORD = 2**63


def checkpoint_fields(
    serde: SerializerProtocol,
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    new_versions: ChannelVersions,
) -> list[bytes]:
    """Field/value pairs that store a checkpoint: its record, its names of values, new values."""
    conf = config["configurable"]
    ns, parent = conf.get("checkpoint_ns", ""), conf.get("checkpoint_id") or ""
    versions = checkpoint["channel_versions"]
    inline, values = _sorted_out(checkpoint["channel_values"], versions)
    record = pack(
        *_dump(serde, {**checkpoint, "channel_values": inline}),
        *_dump(serde, get_checkpoint_metadata(config, metadata)),
        parent.encode(),
    )
    names: tuple[list[bytes], list[bytes]] = ([], [])
    for channel, version in versions.items():
        if channel not in inline:
            names[channel not in values].append(blob(ns, channel, version))
    pairs = [
        member("c", ns, checkpoint["id"]),
        record,
        member("v", ns, checkpoint["id"]),
        join_names(*names),
    ]
    for channel, version in new_versions.items():
        if channel in values:
            pairs += [blob(ns, channel, version), pack(*_dump(serde, values[channel]))]
    return pairs


def write_triples(
    serde: SerializerProtocol,
    config: RunnableConfig,
    writes: Sequence[tuple[str, Any]],
    task_id: str,
    task_path: str,
) -> list[bytes]:
    """(member, value, replace?) of each pending write; errors and interrupts replace."""
    conf = config["configurable"]
    ns, checkpoint_id = conf.get("checkpoint_ns", ""), conf["checkpoint_id"]
    triples = []
    for position, (channel, value) in enumerate(writes):
        idx = WRITES_IDX_MAP.get(channel, position)
        record = pack(channel.encode(), task_path.encode(), *_dump(serde, value))
        name = member("w", ns, checkpoint_id, task_id, str(idx))
        triples += [name, record, b"1" if idx < 0 else b"0"]
    return triples


def _sorted_out(
    values: Mapping[str, Any], versions: ChannelVersions
) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """Values that are small enough to lie in every checkpoint's record, and the others."""
    inline: dict[str, Any] = {}
    beside: dict[str, Any] = {}
    for name, value in values.items():
        (inline if _small(value) and name in versions else beside)[name] = value
    return inline, beside


def _small(value: Any) -> bool:
    kind: type = type(value)
    if kind is str:
        return len(value) <= _SHORT
    if kind is int:
        return bool(-_WORD <= value < _WORD)
    return value is None or kind is bool or kind is float


def uses_deltas(checkpoint: Checkpoint, metadata: CheckpointMetadata) -> bool:
    """Whether a channel's value may have to be found along this checkpoint's ancestors."""
    values = checkpoint["channel_values"].values()
    return bool(metadata.get(DELTA_COUNTERS)) or any(isinstance(v, _DeltaSnapshot) for v in values)


def read_tuple(
    serde: SerializerProtocol, thread_id: str, ns: str, answer: bytes
) -> CheckpointTuple:
    """What the GET script answered, as LangGraph wants it. Raises `UnreadableCheckpoint`."""
    checkpoint_id, record, names, *rest = cast(list[bytes], cut(answer))
    try:
        kind, body, *_ = unpack(record, 5)
        checkpoint, fields = _load(serde, kind, body), split_names(names)
        checkpoint["channel_values"] |= {
            split(field)[1]: _load(serde, *unpack(value, 2))
            for field, value in zip(fields, rest, strict=False)
            if value is not None
        }
        metadata, parent_id = read_head(serde, record)
        return CheckpointTuple(
            config=where(thread_id, ns, checkpoint_id.decode()),
            checkpoint=cast(Checkpoint, checkpoint),
            metadata=cast(CheckpointMetadata, metadata),
            parent_config=where(thread_id, ns, parent_id) if parent_id else None,
            pending_writes=_read_writes(serde, rest[len(fields) :]),
        )
    except (TypeError, KeyError, IndexError, ValueError) as error:  # foreign, and yet it decodes
        raise UnreadableCheckpoint() from error


def read_head(serde: SerializerProtocol, record: bytes) -> tuple[dict[str, Any], str]:
    """A record's metadata and its parent's id or "". Raises `UnreadableCheckpoint`."""
    _kind, _body, meta_kind, meta, parent = unpack(record, 5)
    metadata = _load(serde, meta_kind, meta)
    if not isinstance(metadata, dict):
        raise UnreadableCheckpoint()
    return metadata, parent.decode()


def where(thread_id: str, ns: str, checkpoint_id: str) -> RunnableConfig:
    return {
        "configurable": {
            "thread_id": thread_id,
            "checkpoint_ns": ns,
            "checkpoint_id": checkpoint_id,
        }
    }


def _read_writes(serde: SerializerProtocol, raw: Sequence[bytes]) -> list[PendingWrite]:
    rows = []
    for name, value in zip(raw[::2], raw[1::2], strict=True):
        _ns, _checkpoint, task_id, idx = split(name)
        channel, path, kind, body = unpack(value, 4)
        rows.append((writes_sort_key(path.decode(), task_id, int(idx)), channel, kind, body))
    rows.sort(key=lambda row: row[0])
    return [
        (key[1], channel.decode(), _load(serde, kind, body)) for key, channel, kind, body in rows
    ]


def _dump(serde: SerializerProtocol, value: Any) -> tuple[bytes, bytes]:
    kind, body = serde.dumps_typed(value)
    return kind.encode(), body


def _load(serde: SerializerProtocol, kind: bytes, body: bytes) -> Any:
    try:
        return serde.loads_typed((kind.decode(), body))
    except Exception as error:  # whatever a serializer or a cipher makes of damaged bytes
        raise UnreadableCheckpoint() from error
