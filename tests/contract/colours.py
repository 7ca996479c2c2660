"""One test for both colours: calls by their sync names, played on the sync or the async methods."""

from __future__ import annotations

import asyncio
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple, empty_checkpoint


class Colour:
    """`put`, `get_tuple` and so on, as the saver's own; `list` answers a whole list."""

    def __init__(self, saver: BaseCheckpointSaver[Any], runner: asyncio.Runner | None) -> None:
        self.saver, self.runner = saver, runner

    def __getattr__(self, name: str) -> Any:
        if self.runner is None:
            method = getattr(self.saver, name)
            return (lambda *a, **k: list(method(*a, **k))) if name == "list" else method
        amethod, runner = getattr(self.saver, f"a{name}"), self.runner
        if name == "list":
            return lambda *a, **k: runner.run(_all(amethod(*a, **k)))
        return lambda *a, **k: runner.run(amethod(*a, **k))

    def with_saver(self, saver: BaseCheckpointSaver[Any]) -> Colour:
        return Colour(saver, self.runner)

    def invoke(self, graph: Any, given: Any, config: RunnableConfig) -> Any:
        if self.runner is None:
            return graph.invoke(given, config, durability="sync")
        return self.runner.run(graph.ainvoke(given, config, durability="sync"))

    def state(self, graph: Any, config: RunnableConfig) -> Any:
        if self.runner is None:
            return graph.get_state(config)
        return self.runner.run(graph.aget_state(config))


async def _all(found: Any) -> list[Any]:
    return [one async for one in found]


def thread(name: str = "t", ns: str = "", **more: Any) -> RunnableConfig:
    return {"configurable": {"thread_id": name, "checkpoint_ns": ns, **more}}


def put(saver: Colour, config: RunnableConfig, **values: Any) -> RunnableConfig:
    """A checkpoint with these channels, all new; answers where it lies, gate included."""
    return put_with(saver, config, {"source": "loop", "step": 1}, **values)


def put_with(saver: Colour, config: RunnableConfig, metadata: Any, **values: Any) -> RunnableConfig:
    checkpoint = empty_checkpoint()
    versions = {name: saver.saver.get_next_version(None, None) for name in values}
    checkpoint["channel_values"], checkpoint["channel_versions"] = values, versions
    stored = saver.put(config, checkpoint, metadata, versions)
    return {"configurable": {**config["configurable"], **stored["configurable"]}}


def got(saver: Colour, config: RunnableConfig) -> CheckpointTuple:
    found = saver.get_tuple(config)
    assert found is not None
    return found


def values(saver: Colour, config: RunnableConfig) -> dict[str, Any]:
    return got(saver, config).checkpoint["channel_values"]


def ids(found: list[CheckpointTuple]) -> list[str]:
    return [one.config["configurable"]["checkpoint_id"] for one in found]
