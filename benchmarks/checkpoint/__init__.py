"""Checkpointers side by side in one run: cycles, graphs, bytes; medians, ratios and targets.

`make bench-checkpoint`. Contenders play the same work in rounds that alternate, so that a busy
machine hits all of them alike. *Raw* is the same number of commands that carry the same bytes to
the same server through redis-py's client, and nothing else.
"""

from __future__ import annotations

from benchmarks.checkpoint import cycles, graphs, memory
from benchmarks.checkpoint.contenders import opened
from benchmarks.figures import Figure


async def measure(count: int) -> list[Figure]:
    """`count` cycles of each contender, sequentially and 16 at once; graphs and bytes besides."""
    async with opened() as contenders:
        return [
            *await cycles.measure(contenders, count),
            *await graphs.measure(contenders, count // 2),
            *await memory.measure(contenders),
        ]
