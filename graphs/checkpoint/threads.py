"""Whole threads: prune, copy and delete them. Off a turn's road, so it may be slow."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby

from langgraph.checkpoint.serde.base import SerializerProtocol

from graphs.checkpoint import layout, thread_scripts
from graphs.checkpoint.records import DELTA_COUNTERS, read_head
from graphs.checkpoint.trips import EVERY_THREAD, Plan, Trip


def deleted(thread_id: str) -> Plan[None]:
    yield Trip(thread_scripts.DELETE, thread_id)


def all_pruned(serde: SerializerProtocol, thread_ids: Sequence[str], strategy: str) -> Plan[None]:
    """As `BaseCheckpointSaver.prune`."""
    if strategy not in ("keep_latest", "delete"):
        raise ValueError(f"unknown strategy {strategy!r}: use keep_latest or delete")
    for thread_id in thread_ids:
        if strategy == "delete":
            yield from deleted(thread_id)
        else:
            yield from _pruned(serde, thread_id)


def _pruned(serde: SerializerProtocol, thread_id: str) -> Plan[None]:
    """Leave the newest checkpoint of each namespace, and those it cannot be read without."""
    heads = _heads((yield Trip(thread_scripts.HEADS, thread_id)))
    kept: set[bytes] = set()
    for _ns, line in groupby(sorted(heads), key=lambda name: layout.split(name)[0]):
        kept.update(_ancestry(serde, heads, max(line)))
    if old := [name for name in heads if name not in kept]:
        yield Trip(thread_scripts.DROP, thread_id, old)


def without_runs(serde: SerializerProtocol, runs: Collection[str]) -> Plan[None]:
    for thread_id in (yield Trip(EVERY_THREAD, "")):
        heads = _heads((yield Trip(thread_scripts.HEADS, thread_id)))
        metadata = {name: read_head(serde, record)[0] for name, (record, _) in heads.items()}
        if of_runs := [name for name, meta in metadata.items() if meta.get("run_id") in runs]:
            yield Trip(thread_scripts.DROP, thread_id, of_runs)


def copied(source: str, target: str) -> Plan[None]:
    ttl, members, fields = yield Trip(thread_scripts.TAKE, source)
    if members:
        args = ["" if ttl < 0 else ttl, len(members), *members, *fields]
        yield Trip(thread_scripts.GIVE, target, args)


def _heads(answer: Sequence[bytes]) -> dict[bytes, tuple[bytes, bytes]]:
    """Member -> (record, names of values) out of what HEADS answered."""
    return {
        name: (record or b"", names or b"")
        for name, record, names in zip(answer[::3], answer[1::3], answer[2::3], strict=True)
    }


def _ancestry(
    serde: SerializerProtocol, heads: Mapping[bytes, tuple[bytes, bytes]], newest: bytes
) -> Iterator[bytes]:
    """The newest and, for its delta channels, its ancestors back to a stored value of each."""
    ns = layout.split(newest)[0]
    name, missing = newest, set[str]()
    while name in heads:
        yield name
        metadata, parent = read_head(serde, heads[name][0])
        if name == newest:
            missing.update(metadata.get(DELTA_COUNTERS) or ())
        missing -= layout.needed_channels(heads[name][1])
        if not missing or not parent:
            return
        name = layout.member("c", ns, parent)
