"""One turn's LangGraph thread: begun, gone on with, or rebuilt, until it ends or waits.

The thread may vanish at any time. Its generation (from SQL) tells whether what the store holds is
what was begun; whenever it is not, the thread is run again from START over the recorded answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.errors import EmptyInputError, UnknownInterruptError
from langgraph.types import Command, StateSnapshot

from core.errors import GraphError
from graphs.assistant import Assistant, Run, State, TurnWork
from graphs.checkpoint.errors import WrongGeneration
from graphs.checkpoint.saver import RedisSaver

#: Checkpoints a thread keeps: the newest, and the one before to look at. What a turn did stands in
#: SQL, and each checkpoint holds the whole conversation again.
_KEPT = 2
#: What LangGraph adds to the values of a run that waits.
#: https://docs.langchain.com/oss/python/langgraph/interrupts
_WAITING = "__interrupt__"
#: Nodes a turn passes per step at most.
_NODES_PER_STEP = 4


@dataclass(frozen=True)
class Ended:
    """The graph reached its end."""

    text: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Waits:
    """Nothing of it can go on before one of these actions is settled."""

    action_ids: tuple[str, ...]
    #: Where in the graph.
    nodes: tuple[str, ...]


@dataclass(frozen=True)
class Thread:
    graph: Assistant
    saver: RedisSaver
    thread_id: str
    generation: int
    fence: int
    #: How many steps the turn may take; beyond them the limit speaks, not the graph's own.
    steps: int

    def whole(self) -> bool:
        """Whether the store holds this generation of the thread with at least one checkpoint."""
        return (
            self.saver.generation(self.thread_id) == self.generation
            and self.saver.get_tuple(self._config()) is not None
        )

    def begin(self, first: State, work: TurnWork) -> Ended | None:
        """Run from START, in a thread emptied for this generation; None when it waits."""
        self.saver.open_thread(self.thread_id, generation=self.generation, fence=self.fence)
        return self._invoke(first, work)

    def go_on(
        self, work: TurnWork, settled: Callable[[Sequence[str]], Mapping[str, str]]
    ) -> Ended | Waits:
        """Run until the end, or until every open wait is for an action that is not settled.

        `settled` gives, of the action ids asked about, those settled and the head of each.
        """
        for _ in range(self._recursion):
            snapshot = self._snapshot()
            if snapshot.created_at is None:  # wiped since the last trip
                raise WrongGeneration()
            # Not by `next`, which leaves out what ran and is not yet part of a checkpoint.
            if not snapshot.tasks:
                return _ended(snapshot.values)
            open_tasks = [task for task in snapshot.tasks if task.result is None]
            if not open_tasks or any(not task.interrupts for task in open_tasks):
                # A worker died between two of its writes.
                if ended := self._invoke(None, work):
                    return ended
                continue
            waits = {i.value["action_id"]: i.id for task in open_tasks for i in task.interrupts}
            heads = settled(list(waits))
            if not heads:
                nodes = {task.name for task in open_tasks if task.interrupts}
                return Waits(tuple(waits), tuple(sorted(nodes)))
            resume = {waits[action_id]: head for action_id, head in heads.items()}
            if ended := self._invoke(Command(resume=resume), work):
                return ended
        raise GraphError(f"thread {self.thread_id} does not get on")

    @property
    def _recursion(self) -> int:
        return _NODES_PER_STEP * self.steps + 10

    def _snapshot(self) -> StateSnapshot:
        return self.graph.get_state(self._config())

    def _invoke(self, given: State | Command[Any] | None, work: TurnWork) -> Ended | None:
        """Run as far as it goes, every step kept; None when it waits for something."""
        try:
            values = self.graph.invoke(given, self._config(), context=Run(work), durability="sync")
        except (UnknownInterruptError, EmptyInputError) as error:
            # Under the lease only a store wiped since the last look can have lost them.
            raise WrongGeneration() from error
        return None if _WAITING in values else _ended(values)

    def _config(self) -> RunnableConfig:
        return {
            "recursion_limit": self._recursion,
            "configurable": {
                "thread_id": self.thread_id,
                "generation": self.generation,
                "fence": self.fence,
                "keep": _KEPT,
                # A second answer to one question must not answer another (ADR 0004).
                "__pregel_strict_resume": True,
            },
        }


def _ended(values: Mapping[str, Any]) -> Ended:
    sources = tuple(dict.fromkeys(values["sources"]))
    return Ended(values["answer"], sources)
