"""put + put_writes + get_tuple, one thread after another and 16 at once. After eight steps the next
thread begins."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver

from benchmarks.checkpoint.contenders import AT_ONCE, LEAST, OURS, Contenders
from benchmarks.checkpoint.raw import Raw, weigh
from benchmarks.checkpoint.turn import inputs, writes
from benchmarks.figures import Figure

STEPS_PER_THREAD = 8
ROUNDS = 5
RAW, RAW_SYNC, OURS_SYNC = "raw round trips", "raw round trips (sync)", "ours (sync)"
#: Ours may take at most this many times the raw round trip of the same bytes.
_RAW_SHARE = 0.3
OPERATIONS = ("put", "put_writes", "get_tuple")

Step = Callable[[str, int], Awaitable[Sequence[float]]]
#: Contender -> seconds of each operation, a row per cycle.
Times = Mapping[str, list[Sequence[float]]]


async def measure(contenders: Contenders, count: int) -> list[Figure]:
    raw = Raw(contenders, await weigh(contenders.ours, STEPS_PER_THREAD))
    steps: dict[str, Step] = {name: _async_step(saver) for name, saver in contenders.savers.items()}
    steps |= {OURS_SYNC: _sync_step(contenders.ours), RAW: raw.step, RAW_SYNC: raw.sync_step}
    times = await _one_by_one(steps, count)
    del steps[OURS_SYNC], steps[RAW_SYNC]
    together = await _at_once(steps, count)
    return [
        *_cycle_figures(times, count),
        *_operation_figures(times),
        *_together_figures(together, count),
    ]


def _async_step(saver: BaseCheckpointSaver[Any]) -> Step:
    async def step(thread: str, number: int) -> Sequence[float]:
        config, checkpoint, new = inputs(thread, number)
        at = [time.perf_counter()]
        stored = await saver.aput(config, checkpoint, {"source": "loop", "step": number}, new)
        at.append(time.perf_counter())
        await saver.aput_writes(stored, *writes(number))
        at.append(time.perf_counter())
        assert await saver.aget_tuple(config)
        at.append(time.perf_counter())
        return _spans(at)

    return step


def _sync_step(saver: BaseCheckpointSaver[Any]) -> Step:
    async def step(thread: str, number: int) -> Sequence[float]:
        config, checkpoint, new = inputs(thread, number)
        at = [time.perf_counter()]
        stored = saver.put(config, checkpoint, {"source": "loop", "step": number}, new)
        at.append(time.perf_counter())
        saver.put_writes(stored, *writes(number))
        at.append(time.perf_counter())
        assert saver.get_tuple(config)
        at.append(time.perf_counter())
        return _spans(at)

    return step


def _spans(at: Sequence[float]) -> list[float]:
    return [after - before for before, after in pairwise(at)]


async def _one_by_one(steps: Mapping[str, Step], count: int) -> Times:
    times: dict[str, list[Sequence[float]]] = defaultdict(list)
    for round_no in range(ROUNDS):
        for name, step in steps.items():
            for number in range(count // ROUNDS):
                thread = f"{name}-{round_no}-{number // STEPS_PER_THREAD}"
                times[name].append(await step(thread, number % STEPS_PER_THREAD))
    return times


async def _at_once(steps: Mapping[str, Step], count: int) -> dict[str, list[float]]:
    """Contender -> seconds a cycle, a row per round, with AT_ONCE threads going."""
    times: dict[str, list[float]] = defaultdict(list)
    cycles = max(count // ROUNDS // AT_ONCE, 1) * AT_ONCE
    for round_no in range(ROUNDS):
        for name, step in steps.items():
            started = time.perf_counter()
            lanes = [f"{name}-at-once-{round_no}-{number}" for number in range(AT_ONCE)]
            await asyncio.gather(*(_lane(step, lane, cycles // AT_ONCE) for lane in lanes))
            times[name].append((time.perf_counter() - started) / cycles)
    return times


async def _lane(step: Step, name: str, cycles: int) -> None:
    for done in range(cycles):
        await step(f"{name}-{done // STEPS_PER_THREAD}", done % STEPS_PER_THREAD)


def _cycle_figures(times: Times, count: int) -> list[Figure]:
    method = (
        f"put + put_writes + get_tuple, median of {count} cycles in {ROUNDS} alternating rounds"
    )
    medians = {name: statistics.median(map(sum, rows)) for name, rows in times.items()}
    return [against_ours("cycle", name, medians, method) for name in medians]


def _together_figures(times: Mapping[str, Sequence[float]], count: int) -> list[Figure]:
    method = f"the same cycles, {AT_ONCE} threads at once, median of {ROUNDS} alternating rounds"
    medians = {name: statistics.median(rows) for name, rows in times.items()}
    return [against_ours(f"cycle, {AT_ONCE} at once", name, medians, method) for name in medians]


def _operation_figures(times: Times) -> list[Figure]:
    figures = []
    for at, operation in enumerate(OPERATIONS):
        for mine, bare, colour in ((OURS, RAW, "async"), (OURS_SYNC, RAW_SYNC, "sync")):
            ours, raw = (statistics.median(row[at] for row in times[name]) for name in (mine, bare))
            figures.append(
                Figure(
                    f"checkpointer, {operation} ({colour}) against its raw round trip",
                    f"{ours * 1e6:.0f} us, raw {raw * 1e6:.0f} us, {raw / ours:.2f}x",
                    f">= {_RAW_SHARE:g}x",
                    raw / ours >= _RAW_SHARE,
                    "raw: one SET or GET of as many bytes by redis-py, same server, same run",
                )
            )
    return figures


def against_ours(
    what: str, name: str, medians: Mapping[str, float], method: str, unit: str = "a cycle"
) -> Figure:
    times, least = medians[name] / medians[OURS], LEAST.get(name)
    return Figure(
        f"checkpointer, {what}, {name}",
        f"{medians[name] * 1000:.2f} ms {unit}, {times:.2f}x ours",
        f">= {least:g}x ours" if least else "",
        times >= least if least else None,
        method,
    )
