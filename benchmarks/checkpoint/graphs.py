"""The steps of a graph of five nodes, each adding a message of 0.6 KB, `durability="sync"`."""

from __future__ import annotations

import asyncio
import operator
import statistics
import time
from collections import defaultdict
from typing import Annotated, Any, TypedDict

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph

from benchmarks.checkpoint.contenders import AT_ONCE, Contenders
from benchmarks.checkpoint.cycles import ROUNDS, against_ours
from benchmarks.figures import Figure

NODES = 5
MESSAGE = {"role": "user", "content": "x" * 600}


class State(TypedDict):
    messages: Annotated[list[dict[str, str]], operator.add]


async def measure(contenders: Contenders, runs: int) -> list[Figure]:
    graphs = {name: five_nodes(saver) for name, saver in contenders.savers.items()}
    alone: dict[str, list[float]] = defaultdict(list)
    together: dict[str, list[float]] = defaultdict(list)
    for number in range(runs):  # one run of each by turns: the machine's own pace is everybody's
        for name, graph in _turned(graphs, number):
            alone[name].append(await _timed(graph, f"{name}-{number}", 1))
    for round_no in range(ROUNDS):
        for name, graph in _turned(graphs, round_no):
            together[name].append(await _timed(graph, f"{name}-{round_no}-at-once", AT_ONCE))
    method = f"graph of {NODES} nodes in a line, time a node, median"
    return [
        *(
            against_ours(
                "graph", name, _medians(alone), f"{method} of {runs} runs, each by turns", "a step"
            )
            for name in graphs
        ),
        *(
            against_ours(
                f"graph, {AT_ONCE} at once",
                name,
                _medians(together),
                f"{method} of {ROUNDS} rounds of {AT_ONCE} runs at once",
                "a step",
            )
            for name in graphs
        ),
    ]


def _turned(graphs: dict[str, Any], by: int) -> list[tuple[str, Any]]:
    """Another one first each time: nobody always follows the same one."""
    order = list(graphs.items())
    return order[by % len(order) :] + order[: by % len(order)]


def five_nodes(saver: BaseCheckpointSaver[Any]) -> Any:
    builder: Any = StateGraph(State)
    names = [f"node{number}" for number in range(NODES)]
    for name in names:
        builder.add_node(name, _say)
    for before, after in zip([START, *names], [*names, END], strict=True):
        builder.add_edge(before, after)
    return builder.compile(checkpointer=saver)


async def _say(_: State) -> dict[str, Any]:
    return {"messages": [MESSAGE]}


async def _timed(graph: Any, thread: str, count: int) -> float:
    """Seconds a node, of `count` runs at once."""
    started = time.perf_counter()
    await asyncio.gather(*(_run(graph, f"{thread}-{number}") for number in range(count)))
    return (time.perf_counter() - started) / count / NODES


async def _run(graph: Any, thread: str) -> None:
    config = {"configurable": {"thread_id": thread}}
    await graph.ainvoke({"messages": []}, config, durability="sync")


def _medians(times: dict[str, list[float]]) -> dict[str, float]:
    return {name: statistics.median(taken) for name, taken in times.items()}
