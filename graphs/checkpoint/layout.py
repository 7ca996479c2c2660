"""How a thread lies in the store: names of its keys and members, and the bytes of its records.
Pure; `scripts` says what each member means."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import quote

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

PREFIX = "signoff:thread:"
_NUL = b"\0"
_UNIT = b"\x1f"


def keys(thread_id: str) -> list[str]:
    """Both keys of a thread. The braces put them into one hash slot of a cluster."""
    # A thread id with braces of its own would end the hash tag early.
    tag = "{" + quote(thread_id, safe="-_.:@") + "}"
    return [f"{PREFIX}{tag}:index", f"{PREFIX}{tag}:body"]


def member(kind: bytes, *parts: str) -> bytes:
    return _NUL.join([kind, *(part.encode() for part in parts)])


def split(name: bytes) -> list[str]:
    """The parts of a member, without its kind."""
    return [part.decode() for part in name.split(_NUL)[1:]]


def checkpoint_fields(
    serde: SerializerProtocol,
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    new_versions: ChannelVersions,
) -> list[bytes]:
    """Field/value pairs that store a checkpoint: its record, its list of channels, new values."""
    where = config["configurable"]
    ns, parent = where.get("checkpoint_ns", ""), where.get("checkpoint_id") or ""
    bare = cast(dict[str, Any], dict(checkpoint))
    values = bare.pop("channel_values")
    record = pack(
        *_dump(serde, bare),
        *_dump(serde, get_checkpoint_metadata(config, metadata)),
        parent.encode(),
    )
    channels = [_blob(ns, *item) for item in checkpoint["channel_versions"].items()]
    pairs = [
        member(b"c", ns, checkpoint["id"]),
        record,
        member(b"v", ns, checkpoint["id"]),
        _UNIT.join(channels),
    ]
    for channel, version in new_versions.items():
        if channel in values:
            pairs += [_blob(ns, channel, version), pack(*_dump(serde, values[channel]))]
    return pairs


def write_triples(
    serde: SerializerProtocol,
    config: RunnableConfig,
    writes: Sequence[tuple[str, Any]],
    task_id: str,
    task_path: str,
) -> list[bytes]:
    """(member, value, replace?) of each pending write; errors and interrupts replace."""
    where = config["configurable"]
    ns, checkpoint_id = where.get("checkpoint_ns", ""), where["checkpoint_id"]
    triples = []
    for position, (channel, value) in enumerate(writes):
        idx = WRITES_IDX_MAP.get(channel, position)
        record = pack(channel.encode(), task_path.encode(), *_dump(serde, value))
        name = member(b"w", ns, checkpoint_id, task_id, str(idx))
        triples += [name, record, b"1" if idx < 0 else b"0"]
    return triples


def read_tuple(
    serde: SerializerProtocol, thread_id: str, ns: str, found: Sequence[Any]
) -> CheckpointTuple:
    """What the GET script answered, as LangGraph wants it."""
    checkpoint_id, record, channels, writes = found
    kind, body, meta_kind, meta, parent = unpack(record)
    checkpoint = serde.loads_typed((kind.decode(), body))
    values = {
        split(name)[1]: _load(serde, *unpack(value))
        for name, value in zip(channels[::2], channels[1::2], strict=True)
    }
    parent_id = parent.decode()
    return CheckpointTuple(
        config=where(thread_id, ns, checkpoint_id.decode()),
        checkpoint=cast(Checkpoint, {**checkpoint, "channel_values": values}),
        metadata=serde.loads_typed((meta_kind.decode(), meta)),
        parent_config=where(thread_id, ns, parent_id) if parent_id else None,
        pending_writes=_writes(serde, writes),
    )


def where(thread_id: str, ns: str, checkpoint_id: str) -> RunnableConfig:
    return {
        "configurable": {
            "thread_id": thread_id,
            "checkpoint_ns": ns,
            "checkpoint_id": checkpoint_id,
        }
    }


def matches(found: CheckpointTuple, wanted: Mapping[str, Any]) -> bool:
    metadata = cast(dict[str, Any], found.metadata)
    return all(metadata.get(key) == value for key, value in wanted.items())


def pack(*parts: bytes) -> bytes:
    """Parts with their lengths before them."""
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def unpack(packed: bytes) -> list[bytes]:
    parts, at = [], 0
    while at < len(packed):
        (size,) = struct.unpack_from(">I", packed, at)
        parts.append(packed[at + 4 : at + 4 + size])
        at += 4 + size
    return parts


def _writes(serde: SerializerProtocol, raw: Sequence[bytes]) -> list[PendingWrite]:
    rows = []
    for name, value in zip(raw[::2], raw[1::2], strict=True):
        _ns, _checkpoint, task_id, idx = split(name)
        channel, path, kind, body = unpack(value)
        rows.append((writes_sort_key(path.decode(), task_id, int(idx)), channel, kind, body))
    rows.sort(key=lambda row: row[0])
    return [
        (key[1], channel.decode(), _load(serde, kind, body)) for key, channel, kind, body in rows
    ]


def _blob(ns: str, channel: str, version: str | float) -> bytes:
    return member(b"b", ns, channel, str(version))


def _dump(serde: SerializerProtocol, value: Any) -> tuple[bytes, bytes]:
    kind, body = serde.dumps_typed(value)
    return kind.encode(), body


def _load(serde: SerializerProtocol, kind: bytes, body: bytes) -> Any:
    return serde.loads_typed((kind.decode(), body))
