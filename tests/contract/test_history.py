"""History: whole unless bounded, as with LangGraph's own saver; bounded, as small as promised."""

from __future__ import annotations

import operator
from typing import Annotated, Any, TypedDict

import pytest
import redis
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph

from graphs.checkpoint import layout
from tests.contract.colours import Colour, got, ids, put, thread, values

MESSAGE = 600  # bytes
STEPS = 100
MB = 1_000_000


class _Counted(TypedDict):
    seen: Annotated[list[int], operator.add]


def _graph(saver: Any) -> Any:
    builder: Any = StateGraph(_Counted)
    for name in ("one", "two"):
        builder.add_node(name, lambda state: {"seen": [len(state["seen"])]})
    builder.add_edge(START, "one")
    builder.add_edge("one", "two")
    builder.add_edge("two", END)
    return builder.compile(checkpointer=saver)


def test_history_and_forks_are_as_with_the_in_memory_saver(saver: Colour) -> None:
    def played(one: Colour) -> list[Any]:
        graph, config = _graph(one.saver), {**thread(), "recursion_limit": 9}
        one.invoke(graph, {"seen": [7]}, config)
        middle = next(s for s in graph.get_state_history(config) if s.next == ("two",))
        forked = graph.update_state(middle.config, {"seen": [8]})
        one.invoke(graph, None, forked)
        states = graph.get_state_history(config)
        return [(state.values, state.next, state.metadata["source"]) for state in states]

    assert played(saver) == played(saver.with_saver(InMemorySaver()))


def test_writes_come_back_in_the_order_of_the_tasks_paths(saver: Colour) -> None:
    kept = put(saver, thread(), said="x")
    saver.put_writes(kept, [("c", 3), ("c", 4)], "task-a", "~2")
    saver.put_writes(kept, [("c", 1), ("c", 2)], "task-b", "~1")

    assert got(saver, thread()).pending_writes == [
        ("task-b", "c", 1),
        ("task-b", "c", 2),
        ("task-a", "c", 3),
        ("task-a", "c", 4),
    ]


def _line(saver: Colour, count: int, **more: Any) -> list[Any]:
    """A line of checkpoints, oldest first, each with a write and all with one unchanged channel."""
    line, kept = [], thread(**more)
    for number in range(count):
        kept = put(saver, {"configurable": {**kept["configurable"], **more}}, number=[number])
        saver.put_writes(kept, [("number", number)], f"task-{number}")
        line.append(kept)
    return line


@pytest.mark.parametrize("keep", [1, 2, 5, 50])
def test_a_put_keeps_the_newest_of_its_namespace_and_nothing_of_the_rest(
    saver: Colour, server: redis.Redis, keep: int
) -> None:
    put(saver, thread(ns="child:1"), said=["another namespace"])
    line = _line(saver, 12, keep=keep)

    left = saver.list(thread())

    kept = line[-keep:]
    assert ids(left) == [one["configurable"]["checkpoint_id"] for one in reversed(kept)]
    numbers = [one.checkpoint["channel_values"]["number"] for one in left]
    assert numbers == [[number] for number in range(11, 11 - len(kept), -1)]
    assert [len(one.pending_writes or ()) for one in left] == [1] * len(kept)
    assert values(saver, thread(ns="child:1")) == {"said": ["another namespace"]}
    index, body = layout.keys("t")
    # Of each checkpoint its record, its names, its value and its write; another namespace's three.
    assert (server.zcard(index), server.hlen(body)) == (2 * len(kept) + 1, 4 * len(kept) + 3)


def test_values_that_a_kept_checkpoint_shares_with_a_dropped_one_stay(saver: Colour) -> None:
    graph, config = _graph(saver.saver), {**thread(keep=1), "recursion_limit": 9}

    saver.invoke(graph, {"seen": [7]}, config)
    saver.invoke(graph, {"seen": [8]}, config)

    assert saver.state(graph, thread()).values == {"seen": [7, 1, 2, 8, 4, 5]}
    assert len(saver.list(thread())) == 1


def test_a_checkpoint_put_with_a_slow_clock_is_not_dropped_at_once(saver: Colour) -> None:
    line = _line(saver, 3)
    first = line[0]["configurable"]["checkpoint_id"]
    older = {**got(saver, line[0]).checkpoint, "id": first[:-1] + "!"}

    saver.put(thread(keep=1), older, {"source": "loop"}, {})

    assert older["id"] in ids(saver.list(thread()))


@pytest.mark.parametrize("keep", [0, -1])
def test_keeping_nothing_is_refused(saver: Colour, keep: int) -> None:
    with pytest.raises(ValueError, match="at least the newest"):
        put(saver, thread(keep=keep), said="x")


def test_prune_leaves_forks_values_and_runs_alone_that_others_name(saver: Colour) -> None:
    line = _line(saver, 4)
    fork = put(saver, line[1], said="fork")

    saver.prune(["t"])

    assert ids(saver.list(thread())) == [fork["configurable"]["checkpoint_id"]]
    assert values(saver, thread()) == {"said": "fork"}


def test_an_unknown_strategy_is_refused(saver: Colour) -> None:
    with pytest.raises(ValueError, match="keep_latest or delete"):
        saver.prune(["t"], strategy="keep_some")


class _Said(TypedDict):
    messages: Annotated[list[dict[str, str]], operator.add]


def _bytes(server: redis.Redis) -> int:
    return sum(server.memory_usage(key, samples=0) or 0 for key in layout.keys("t"))


def _most_bytes(saver: Colour, server: redis.Redis, config: Any) -> int:
    """The most that a turn of STEPS steps, one message each, had in the server at any step."""
    sizes = []

    def step(_: _Said) -> dict[str, Any]:
        sizes.append(_bytes(server))
        return {"messages": [{"role": "user", "content": "x" * MESSAGE}]}

    builder: Any = StateGraph(_Said)
    builder.add_node("step", step)
    builder.add_edge(START, "step")
    builder.add_conditional_edges("step", lambda s: END if len(s["messages"]) >= STEPS else "step")
    graph = builder.compile(checkpointer=saver.saver)
    ended = saver.invoke(graph, {"messages": []}, {**config, "recursion_limit": STEPS + 5})
    assert len(ended["messages"]) == len(sizes) == STEPS
    return max(*sizes, _bytes(server))


@pytest.mark.parametrize("keep", [1, 2])
def test_a_turn_of_a_hundred_steps_stays_under_a_megabyte_at_every_step(
    saver: Colour, server: redis.Redis, keep: int
) -> None:
    assert _most_bytes(saver, server, thread(keep=keep)) < MB


def test_unbounded_the_same_turn_grows_until_it_is_pruned(
    saver: Colour, server: redis.Redis
) -> None:
    assert _most_bytes(saver, server, thread()) > MB

    saver.prune(["t"])

    assert _bytes(server) < 0.3 * MB
    assert len(values(saver, thread())["messages"]) == STEPS


def test_a_checkpoint_of_five_thousand_channels_and_writes_is_kept_whole(saver: Colour) -> None:
    many = {f"channel{number}": [number] for number in range(5_000)}
    kept = put(saver, thread(), **many)
    saver.put_writes(kept, list(many.items()), "task")

    found = got(saver, thread())
    put(saver, {"configurable": {**kept["configurable"], "keep": 1}}, said="next")
    saver.put_writes(kept, [], "task")

    assert found.checkpoint["channel_values"] == many
    assert len(found.pending_writes or ()) == 5_000
