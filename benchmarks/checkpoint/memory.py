"""What a turn of 100 steps, each adding a message of 0.6 KB, leaves in the store."""

from __future__ import annotations

from typing import Any

from langgraph.graph import END, START, StateGraph

from benchmarks.checkpoint.contenders import OURS, POSTGRES, SQLITE, Contenders
from benchmarks.checkpoint.graphs import MESSAGE, State
from benchmarks.figures import Figure
from graphs.checkpoint import layout

STEPS = 100
#: Megabytes, pruned.
_MOST = 0.3
_TABLES = ("checkpoints", "checkpoint_blobs", "checkpoint_writes")


async def measure(contenders: Contenders) -> list[Figure]:
    figures = []
    await _turn(contenders, OURS, "whole")
    figures.append(_figure("ours, every checkpoint kept", await _ours(contenders, "whole")))
    await contenders.ours.aprune(["whole"])
    figures.append(_figure("ours, pruned", await _ours(contenders, "whole"), target=True))
    await _turn(contenders, OURS, "kept", keep=2)
    figures.append(
        _figure('ours, configurable["keep"] = 2', await _ours(contenders, "kept"), target=True)
    )
    for name, size in ((SQLITE, _sqlite), (POSTGRES, _postgres)):
        before = await size(contenders)
        await _turn(contenders, name, "whole")
        figures.append(_figure(f"{name}, on disk", await size(contenders) - before))
    return figures


async def _turn(contenders: Contenders, name: str, thread: str, **more: Any) -> None:
    builder: Any = StateGraph(State)
    builder.add_node("step", lambda _: {"messages": [MESSAGE]})
    builder.add_edge(START, "step")
    builder.add_conditional_edges("step", lambda s: END if len(s["messages"]) >= STEPS else "step")
    graph = builder.compile(checkpointer=contenders.savers[name])
    config = {"configurable": {"thread_id": thread, **more}, "recursion_limit": STEPS + 5}
    ended = await graph.ainvoke({"messages": []}, config, durability="sync")
    assert len(ended["messages"]) == STEPS


async def _ours(contenders: Contenders, thread: str) -> int:
    sizes = [await contenders.client.memory_usage(key, samples=0) for key in layout.keys(thread)]
    return sum(size or 0 for size in sizes)


async def _sqlite(contenders: Contenders) -> int:
    async with contenders.savers[SQLITE].conn.execute(  # type: ignore[attr-defined]
        "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    ) as rows:
        [size] = await rows.fetchone()
    return int(size)


async def _postgres(contenders: Contenders) -> int:
    async with contenders.postgres.connection() as connection:
        query = (
            "SELECT sum(pg_total_relation_size(name::regclass)) AS size "
            "FROM unnest(%s::text[]) AS name"
        )
        row = await (await connection.execute(query, [list(_TABLES)])).fetchone()
    return int(row["size"]) if row else 0


def _figure(what: str, size: int, *, target: bool = False) -> Figure:
    megabytes = size / 1e6
    return Figure(
        f"checkpointer, a turn of {STEPS} steps, {what}",
        f"{megabytes:.2f} MB",
        f"<= {_MOST:g} MB" if target else "",
        megabytes <= _MOST if target else None,
        "MEMORY USAGE of the thread's keys" if what.startswith("ours") else "growth of its tables",
    )
