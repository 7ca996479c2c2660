"""Delta channels: their value is spread over ancestors, in the order live execution applied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.channels.delta import DeltaChannel
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from tests.contract.colours import Colour, ids, thread

WRITERS = 5


def _appended(state: list[str], writes: Sequence[list[str]]) -> list[str]:
    """Not order-invariant: a wrong replay gives another list."""
    return [*state, *(word for write in writes for word in write)]


class Often(TypedDict):
    said: Annotated[list[str], DeltaChannel(_appended, snapshot_frequency=4)]
    rounds: int


class Seldom(TypedDict):
    said: Annotated[list[str], DeltaChannel(_appended)]
    rounds: int


def _graph(saver: BaseCheckpointSaver[Any], state: type) -> Any:
    """Rounds of five parallel writers to one delta channel."""
    builder: Any = StateGraph(state)
    builder.add_node("round", lambda state: {"rounds": state["rounds"] + 1})
    builder.add_node("write", lambda given: {"said": [f"{given['round']}.{given['writer']}"]})
    builder.add_node("check", lambda state: {"said": [f"checked {state['rounds']}"]})
    builder.add_edge(START, "round")
    builder.add_conditional_edges("round", _writers, ["write"])
    builder.add_edge("write", "check")
    builder.add_conditional_edges("check", lambda s: END if s["rounds"] >= 3 else "round")
    return builder.compile(checkpointer=saver)


def _writers(state: Any) -> list[Send]:
    return [Send("write", {"round": state["rounds"], "writer": n}) for n in range(WRITERS)]


EXPECTED = [
    "asked",
    *(
        word
        for number in (1, 2, 3)
        for word in (*(f"{number}.{n}" for n in range(WRITERS)), f"checked {number}")
    ),
]

both = pytest.mark.parametrize("state", [Often, Seldom])


def _played(saver: Colour, state: type) -> Any:
    graph = _graph(saver.saver, state)
    ended = saver.invoke(
        graph, {"said": ["asked"], "rounds": 0}, {**thread(), "recursion_limit": 50}
    )
    assert ended["said"] == EXPECTED
    return graph


@both
def test_five_parallel_writers_are_read_back_in_the_order_they_were_applied(
    saver: Colour, state: type
) -> None:
    graph = _played(saver, state)
    in_memory = saver.with_saver(InMemorySaver())
    other = _played(in_memory, state)

    assert saver.state(graph, thread()).values["said"] == EXPECTED
    assert _history(saver, graph) == _history(in_memory, other)


def _history(saver: Colour, graph: Any) -> list[Any]:
    """The value at every checkpoint, each found along its own ancestors."""
    line = saver.list(thread())
    return [saver.state(graph, one.config).values.get("said") for one in line]


@both
def test_pruned_to_its_latest_a_thread_still_has_its_whole_value(
    saver: Colour, state: type
) -> None:
    graph = _played(saver, state)
    before = ids(saver.list(thread()))

    saver.prune(["t"])

    after = ids(saver.list(thread()))
    assert saver.state(graph, thread()).values["said"] == EXPECTED
    assert after == before[: len(after)], "the newest line is kept without a hole"
    assert len(after) < len(before) if state is Often else len(after) <= len(before)


@both
def test_a_pruned_thread_goes_on(saver: Colour, state: type) -> None:
    graph = _played(saver, state)
    saver.prune(["t"])

    saver.invoke(graph, {"said": ["again"], "rounds": 2}, {**thread(), "recursion_limit": 50})

    assert saver.state(graph, thread()).values["said"] == [
        *EXPECTED,
        "again",
        *(f"3.{n}" for n in range(WRITERS)),
        "checked 3",
    ]


@both
def test_a_history_bounded_at_every_put_leaves_deltas_whole(saver: Colour, state: type) -> None:
    graph = _graph(saver.saver, state)
    config = {**thread(keep=1), "recursion_limit": 50}

    saver.invoke(graph, {"said": ["asked"], "rounds": 0}, config)

    assert saver.state(graph, thread()).values["said"] == EXPECTED


@both
def test_a_copied_thread_has_its_deltas(saver: Colour, state: type) -> None:
    graph = _played(saver, state)

    saver.copy_thread("t", "copy")
    saver.delete_thread("t")

    assert saver.state(graph, thread("copy")).values["said"] == EXPECTED


def test_branches_that_are_not_ancestors_of_the_newest_are_pruned(saver: Colour) -> None:
    graph = _played(saver, Seldom)
    oldest = saver.list(thread())[-2]
    forked = graph.update_state(oldest.config, {"said": ["fork"]}, as_node="check")
    value = saver.state(graph, thread()).values["said"]

    saver.prune(["t"])

    kept = saver.list(thread())
    assert saver.state(graph, thread()).values["said"] == value
    assert ids(kept)[0] == forked["configurable"]["checkpoint_id"]
    assert len(kept) <= 3
