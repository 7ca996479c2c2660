"""`list`: places first, then their checkpoints in pages, one trip for each thread of a page."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple, get_checkpoint_id
from langgraph.checkpoint.serde.base import SerializerProtocol

from graphs.checkpoint import layout, scripts, thread_scripts
from graphs.checkpoint.records import read_tuple
from graphs.checkpoint.trips import EVERY_THREAD, Plan, Trip

PAGE = 50

#: (thread, namespace, checkpoint)
Place = tuple[str, str, str]


def listed(
    serde: SerializerProtocol,
    config: RunnableConfig | None,
    wanted: Mapping[str, Any],
    before: RunnableConfig | None,
    limit: int | None,
) -> Generator[Trip | CheckpointTuple, Any, None]:
    """Trips and, between them, what was found, newest first."""
    places = yield from _places(config, before)
    left = len(places) if limit is None else limit
    size = PAGE if wanted else min(PAGE, max(left, 1))
    for at in range(0, len(places), size):
        if left <= 0:
            return
        page = yield from _page(serde, places[at : at + size])
        for found in [one for one in page if _matches(one, wanted)][:left]:
            left -= 1
            yield found


def _places(config: RunnableConfig | None, before: RunnableConfig | None) -> Plan[list[Place]]:
    """Where the checkpoints are that `list` is asked for, newest first."""
    conf = config["configurable"] if config else {}
    threads = [str(conf["thread_id"])] if conf else (yield Trip(EVERY_THREAD, ""))
    found: list[Place] = []
    for thread_id in threads:
        for name in (yield Trip(thread_scripts.IDS, thread_id)):
            ns, checkpoint_id = layout.split(name)
            found.append((thread_id, ns, checkpoint_id))
    if "checkpoint_ns" in conf:
        found = [place for place in found if place[1] == conf["checkpoint_ns"]]
    if config and (only := get_checkpoint_id(config)):
        found = [place for place in found if place[2] == only]
    if before and (past := get_checkpoint_id(before)):
        found = [place for place in found if place[2] < past]
    return sorted(found, key=lambda place: place[2], reverse=True)


def _page(serde: SerializerProtocol, places: Sequence[Place]) -> Plan[Iterator[CheckpointTuple]]:
    """What is found there, in this order: one trip for each thread of them."""
    at: dict[Place, CheckpointTuple] = {}
    for thread_id in dict.fromkeys(place[0] for place in places):
        here = [place for place in places if place[0] == thread_id]
        args = [part for place in here for part in place[1:]]
        answers = yield Trip(scripts.GET, thread_id, args)
        for place, answer in zip(here, answers, strict=True):
            if answer:  # else it was deleted meanwhile
                at[place] = read_tuple(serde, thread_id, place[1], answer)
    return (at[place] for place in places if place in at)


def _matches(found: CheckpointTuple, wanted: Mapping[str, Any]) -> bool:
    metadata: Mapping[str, Any] = found.metadata
    return all(metadata.get(key) == value for key, value in wanted.items())
