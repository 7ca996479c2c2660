"""A turn run again up to a step, from its records alone, in a thread that lives in memory.

No model is asked, nothing is proposed, nothing is posted: answers and actions are read from SQL, so
the state comes out as it was. What is not recorded ends the replay there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from sqlmodel import Session, col, func, select

from approvals.actions import settled
from approvals.people import People
from approvals.tables import Action
from audit.log import Log
from audit.tables import Event
from core.db import Database
from core.errors import GraphError
from core.ids import derive_id
from graphs.assistant import Assistant, Message, Observed, Run, State, begin
from graphs.runtime.opening import opening
from graphs.runtime.tables import Turn, forked_from
from graphs.runtime.undone import undone_before
from graphs.runtime.work import observed, understood
from graphs.versions import Version, Versions
from llm.prompts import undone_note
from llm.recorder import recorded
from llm.tables import ModelResponse

_CONFIG: RunnableConfig = {
    "recursion_limit": 1_000,
    "configurable": {"thread_id": "replay", "__pregel_strict_resume": True},
}


class NoSuchStep(GraphError):
    """This turn has no such step."""


@dataclass(frozen=True)
class Replayed:
    """The state after a step, as the graph's version names its parts."""

    values: Mapping[str, Any]
    #: Actions of the step that were not settled: the state is not complete without them.
    open: tuple[str, ...]
    #: Whether the model was asked exactly this next; None where that is not recorded (any more).
    as_asked: bool | None


@dataclass(frozen=True)
class Archive:
    """What replays read."""

    db: Database
    log: Log
    people: People
    versions: Versions

    def state_at(self, turn: Turn, step: int, *, now: datetime) -> Replayed:
        """The turn's state after this many of its steps. Raises `NoSuchStep` beyond what is
        recorded, `GraphError` when its version of the graph is not in this code.

        `now` is told to a model's first message only where what it was told then was erased.
        """
        version = self._version(turn)
        with self.db.read() as session:
            taken = _taken(session, turn.id)
        if not 0 <= step <= taken:
            raise NoSuchStep(f"{turn.id} has {taken} steps: choose from 0 (its beginning) on.")
        first = self.beginning(turn, now=now, as_told=True)
        records = _Records(self.db, turn.id, version, step)
        values, waits = _run(version.build(InMemorySaver()), first, records)
        asked = self._asked(turn.id, step)
        as_asked = None if asked is None else asked == values["messages"]
        return Replayed(values, waits, as_asked)

    def beginning(self, turn: Turn, *, now: datetime, as_told: bool = False) -> State:
        """What the turn begins with at START: a forked one with the state it was forked from,
        and what was undone since.

        With `as_told` the very messages the model was first asked with, where they are recorded.
        """
        fork = forked_from(turn)
        if fork is not None:
            with self.db.read() as session:
                origin = session.get_one(Turn, fork[0])
                undone = undone_before(session, self.people, turn, origin)
            values = self.state_at(origin, fork[1], now=now).values
            note = [undone_note(undone)] if undone else []
            return begin([*values["messages"], *note], values["sources"])
        told = self._asked(turn.id, 0) if as_told else None
        return begin(told) if told else opening(self.db, self.people, turn, now=now)

    def _version(self, turn: Turn) -> Version:
        name = turn.versions.get("graph", self.versions.current.name)
        version = self.versions.serving(name)
        if version is None:
            raise GraphError(f"{turn.id} ran in {name}, which this code does not have any more.")
        return version

    def _asked(self, turn_id: str, step: int) -> list[dict[str, Any]] | None:
        """The messages that the answer of this step (counted from 0) was an answer to."""
        with self.db.read() as session:
            query = select(Event.id).where(Event.subject == derive_id("resp", turn_id, step))
            event_id = session.exec(query).first()
            body = None if event_id is None else self.log.body(session, event_id)
        return None if body is None else list(body["messages"])


class _Reached(Exception):
    """As far as was wanted, or as records go."""


@dataclass(frozen=True)
class _Records:
    """`graphs.assistant.TurnWork` over rows: what they do not say is not done."""

    db: Database
    turn_id: str
    version: Version
    upto: int

    def model(self, step: int, messages: Sequence[dict[str, Any]]) -> Message:
        with self.db.read() as session:
            known = recorded(session, self.turn_id, step) if step < self.upto else None
        if known is None:
            raise _Reached
        return understood(self.version, known.message)

    def propose(self, step: int, calls: Sequence[Mapping[str, Any]]) -> list[str]:
        # What undid one of them later stands at its step too, and was no call of the model's.
        query = select(Action.id).where(
            Action.turn_id == self.turn_id, Action.step == step, col(Action.undone_by).is_(None)
        )
        with self.db.read() as session:
            first = query.where(col(Action.supersedes).is_(None)).order_by(col(Action.call))
            ids = list(session.exec(first))
        if len(ids) != len(calls):  # it was stopped, or came to a limit, before
            raise _Reached
        return ids

    def observe(self, action_ids: Sequence[str]) -> list[Observed]:
        with self.db.read() as session:
            rows = [session.get_one(Action, action_id) for action_id in action_ids]
        return [observed(row) for row in rows]

    def settled(self, action_ids: Sequence[str]) -> dict[str, str]:
        with self.db.read() as session:
            heads = settled(session, action_ids)
        return {action_id: head.id for action_id, head in heads.items()}


def _run(
    graph: Assistant, first: State, records: _Records
) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """The state where the records end, and the actions it would wait for."""
    given: Any = first
    while True:
        try:
            graph.invoke(given, _CONFIG, context=Run(records), durability="sync")
        except _Reached:
            return graph.get_state(_CONFIG).values, ()
        snapshot = graph.get_state(_CONFIG)
        tasks = [task for task in snapshot.tasks if task.result is None]
        waits = {i.value["action_id"]: i.id for task in tasks for i in task.interrupts}
        heads = records.settled(list(waits))
        if not heads:
            return snapshot.values, tuple(waits)
        given = Command(resume={waits[action_id]: head for action_id, head in heads.items()})


def _taken(session: Session, turn_id: str) -> int:
    query = select(func.count()).where(ModelResponse.turn_id == turn_id)
    return int(session.exec(query).one())
