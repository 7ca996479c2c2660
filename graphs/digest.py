"""The digest of a channel: gather → write. Facts from SQL, words from a template, one post.

Run twice it gives one post: the text is only asked for once per run id.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from sqlmodel import Session

from core.clock import Clock
from core.db import Database
from core.posts import ask_post
from graphs.digest_facts import Facts, Order, gather, write

VERSION = "digest@1"


class State(TypedDict):
    facts: Facts | None
    text: str | None


@dataclass(frozen=True)
class _Run:
    db: Database
    order: Order


class DigestMaker:
    """Makes digests; safe to share between threads."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock
        self._graph = _build()

    def run(self, order: Order, done: Callable[[Session], None]) -> str:
        """Owe the channel its digest and return the text. `done(session)` is called in the same
        transaction: the caller marks its run and closes its outbox rows there."""
        made = self._graph.invoke(
            State(facts=None, text=None), {"recursion_limit": 10}, context=_Run(self._db, order)
        )
        text: str = made["text"]
        now = self._clock.now()
        with self._db.transaction() as session:
            ask_post(
                session,
                workspace_id=order.workspace_id,
                subject=order.run_id,
                kind="digest",
                channel=order.channel,
                thread_ts=None,
                body={"text": text, "since": _iso(order.since), "until": _iso(order.until)},
                now=now,
            )
            done(session)
        return text


def _build() -> CompiledStateGraph[State, _Run, State, State]:
    graph = StateGraph(State, context_schema=_Run)
    graph.add_node("gather", _gather)
    graph.add_node("write", _write)
    graph.add_edge(START, "gather")
    graph.add_edge("gather", "write")
    graph.add_edge("write", END)
    return graph.compile(name=VERSION)


def _gather(state: State, runtime: Runtime[_Run]) -> dict[str, Facts]:
    run = runtime.context
    with run.db.read() as session:
        return {"facts": gather(session, run.order)}


def _write(state: State, runtime: Runtime[_Run]) -> dict[str, str]:
    facts = state["facts"]
    assert facts is not None  # `gather` stands before
    return {"text": write(facts, runtime.context.order)}


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
