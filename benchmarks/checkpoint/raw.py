"""The raw round trip: as many bytes and commands, the same server, redis-py, no saver."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from benchmarks.checkpoint.contenders import Contenders
from benchmarks.checkpoint.turn import inputs, writes
from graphs.checkpoint.saver import RedisSaver

#: Bytes sent and bytes answered by one trip.
Weight = tuple[int, int]


class _Weighed(RedisSaver):
    """Notes what every trip carries."""

    trips: list[Weight]

    def _run(self, script: str, thread_id: str, args: Sequence[Any]) -> Any:
        answer = super()._run(script, thread_id, args)
        self.trips.append((_size(args), _size(answer)))
        return answer


async def weigh(like: RedisSaver, steps: int) -> list[list[Weight]]:
    """The trips of each of the first steps of a thread: put, put_writes, get_tuple."""
    saver, weights = _Weighed(like._client), []
    for step in range(steps):
        saver.trips = []
        config, checkpoint, new = inputs("weighed", step)
        stored = saver.put(config, checkpoint, {"source": "loop", "step": step}, new)
        saver.put_writes(stored, *writes(step))
        saver.get_tuple(config)
        weights.append(saver.trips)
    return weights


class Raw:
    """A trip that sends more than it is answered is a SET of as many bytes, any other a GET."""

    def __init__(self, contenders: Contenders, weights: Sequence[Sequence[Weight]]) -> None:
        self._client, self._sync = contenders.client, contenders.ours._client
        self._weights = weights
        for trip in (trip for step in weights for trip in step):
            self._sync.set(f"raw-{trip[1]}", b"x" * trip[1])

    async def step(self, thread: str, number: int) -> Sequence[float]:
        taken = []
        inputs(
            thread, number
        )  # as long a pause as the savers make: a server that slept wakes slower
        for sent, answered in self._weights[number]:
            started = time.perf_counter()
            if sent > answered:
                await self._client.set(thread, b"x" * sent)
            else:
                await self._client.get(f"raw-{answered}")
            taken.append(time.perf_counter() - started)
        return taken

    async def sync_step(self, thread: str, number: int) -> Sequence[float]:
        taken = []
        inputs(thread, number)
        for sent, answered in self._weights[number]:
            started = time.perf_counter()
            if sent > answered:
                self._sync.set(thread, b"x" * sent)
            else:
                self._sync.get(f"raw-{answered}")
            taken.append(time.perf_counter() - started)
        return taken


def _size(value: Any) -> int:
    if isinstance(value, list | tuple):
        return sum(map(_size, value))
    return len(value) if isinstance(value, bytes | str) else len(str(value))
