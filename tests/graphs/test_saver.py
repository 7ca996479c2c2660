"""What the public suite does not test: fences, generations, time to live, types, sync methods."""

from __future__ import annotations

import operator
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, TypedDict
from uuid import UUID

import pytest
import redis
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple, empty_checkpoint
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph

from graphs.checkpoint import layout
from graphs.checkpoint.connect import open_saver
from graphs.checkpoint.errors import StaleFence, StoreUnavailable, WrongGeneration
from graphs.checkpoint.saver import RedisSaver


def thread(name: str = "t", **gate: int) -> RunnableConfig:
    return {"configurable": {"thread_id": name, "checkpoint_ns": "", **gate}}


def put(saver: RedisSaver, config: RunnableConfig, **values: Any) -> RunnableConfig:
    checkpoint = empty_checkpoint()
    checkpoint["channel_values"] = values
    checkpoint["channel_versions"] = dict.fromkeys(values, "1.0")
    stored = saver.put(
        config, checkpoint, {"source": "loop", "step": 1}, dict.fromkeys(values, "1.0")
    )
    return {"configurable": {**config["configurable"], **stored["configurable"]}}


def got(saver: RedisSaver, config: RunnableConfig) -> CheckpointTuple:
    found = saver.get_tuple(config)
    assert found is not None
    return found


def test_a_lower_fence_is_refused_and_changes_nothing(saver: RedisSaver) -> None:
    saver.open_thread("t", generation=1, fence=2)
    kept = put(saver, thread(generation=1, fence=3), said="new")

    with pytest.raises(StaleFence):
        put(saver, thread(generation=1, fence=2), said="old")
    with pytest.raises(StaleFence):
        saver.put_writes({"configurable": {**kept["configurable"], "fence": 2}}, [("x", 1)], "task")
    with pytest.raises(StaleFence):
        saver.open_thread("t", generation=2, fence=2)

    found = got(saver, thread())
    assert found.checkpoint["channel_values"] == {"said": "new"}
    assert found.pending_writes == []


def test_a_wiped_thread_takes_no_more_writes_of_its_generation(
    saver: RedisSaver, wipe: redis.Redis
) -> None:
    saver.open_thread("t", generation=1, fence=1)
    kept = put(saver, thread(generation=1, fence=1), said="x")
    wipe.flushall()

    with pytest.raises(WrongGeneration):
        put(saver, kept, said="y")
    with pytest.raises(WrongGeneration):
        saver.put_writes(kept, [("x", 1)], "task")

    assert saver.generation("t") is None
    assert saver.get_tuple(thread()) is None


@pytest.mark.parametrize("gate", [{}, {"generation": 1, "fence": 9}, {"fence": 9}])
def test_a_thread_takes_only_writes_that_name_its_generation(
    saver: RedisSaver, gate: dict[str, int]
) -> None:
    saver.open_thread("t", generation=2, fence=1)

    with pytest.raises(WrongGeneration):
        put(saver, thread("t", **gate), said="x")


def test_a_thread_that_lost_its_parent_checkpoint_takes_no_child(
    saver: RedisSaver, wipe: redis.Redis
) -> None:
    saver.open_thread("t", generation=1, fence=1)
    kept = put(saver, thread(generation=1, fence=1), said="x")
    wipe.delete(layout.keys("t")[0])

    with pytest.raises(WrongGeneration):
        put(saver, kept, said="y")


def test_opening_empties_a_thread(saver: RedisSaver) -> None:
    put(saver, thread(), said="old")

    saver.open_thread("t", generation=1, fence=1)

    assert saver.get_tuple(thread()) is None
    assert saver.generation("t") == 1


def test_a_whole_thread_has_one_time_to_live_refreshed_by_every_write(
    redis_url: str, wipe: redis.Redis
) -> None:
    saver = open_saver(redis_url, ttl=timedelta(seconds=100))
    kept = put(saver, thread(), said="x")
    for key in layout.keys("t"):
        wipe.pexpire(key, 1_000)

    saver.put_writes(kept, [("x", 1)], "task")

    assert all(90_000 < wipe.pttl(key) <= 100_000 for key in layout.keys("t"))
    assert sorted(wipe.keys()) == sorted(key.encode() for key in layout.keys("t"))
    saver.close()


def test_a_threads_keys_lie_in_one_hash_slot_whatever_its_name() -> None:
    from redis.crc import key_slot

    for name in ("turn_1", "a{b}c", "}{", "ü\n*"):
        first, second = layout.keys(name)
        assert key_slot(first.encode()) == key_slot(second.encode())
    assert layout.keys("a") != layout.keys("b")


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        2**53,
        1.5,
        "ü\0",
        b"\0\xff",
        Decimal("1.50"),
        date(2026, 11, 20),
        datetime(2026, 11, 20, 12, tzinfo=UTC),
        timedelta(seconds=3),
        UUID(int=7),
        [1, {"a": [2]}],
        {"k"},
    ],
)
def test_values_keep_their_type(saver: RedisSaver, value: Any) -> None:
    kept = put(saver, thread(), said=value)
    saver.put_writes(kept, [("said", value)], "task")

    found = got(saver, thread())

    assert found.checkpoint["channel_values"]["said"] == value
    assert type(found.checkpoint["channel_values"]["said"]) is type(value)
    assert found.pending_writes == [("task", "said", value)]


def test_writes_come_back_in_the_order_of_the_tasks_paths(saver: RedisSaver) -> None:
    kept = put(saver, thread(), said="x")
    saver.put_writes(kept, [("c", 3), ("c", 4)], "task-a", "~2")
    saver.put_writes(kept, [("c", 1), ("c", 2)], "task-b", "~1")

    assert got(saver, thread()).pending_writes == [
        ("task-b", "c", 1),
        ("task-b", "c", 2),
        ("task-a", "c", 3),
        ("task-a", "c", 4),
    ]


class _Counted(TypedDict):
    seen: Annotated[list[int], operator.add]


def _graph(saver: Any) -> Any:
    builder = StateGraph(_Counted)
    for name in ("one", "two"):
        builder.add_node(name, lambda state: {"seen": [len(state["seen"])]})
    builder.add_edge(START, "one")
    builder.add_edge("one", "two")
    builder.add_edge("two", END)
    return builder.compile(checkpointer=saver)


def test_history_and_forks_are_as_with_the_in_memory_saver(saver: RedisSaver) -> None:
    def played(one: Any) -> list[Any]:
        graph = _graph(one)
        config: RunnableConfig = {"configurable": {"thread_id": "t"}, "recursion_limit": 9}
        graph.invoke({"seen": [7]}, config, durability="sync")
        middle = next(s for s in graph.get_state_history(config) if s.next == ("two",))
        forked = graph.update_state(middle.config, {"seen": [8]})
        graph.invoke(None, forked, durability="sync")
        states = graph.get_state_history(config)
        return [(state.values, state.next, state.metadata["source"]) for state in states]

    assert played(saver) == played(InMemorySaver())


def test_a_server_that_does_not_answer_is_named_so() -> None:
    saver = open_saver("redis://127.0.0.1:9/0", timeout_s=0.2)

    with pytest.raises(StoreUnavailable):
        saver.get_tuple(thread())
    with pytest.raises(StoreUnavailable):
        put(saver, thread(), said="x")
    with pytest.raises(StoreUnavailable):
        saver.ping()

    saver.close()


def test_a_server_whose_scripts_were_flushed_gets_them_again(
    saver: RedisSaver, wipe: redis.Redis
) -> None:
    put(saver, thread(), said="x")
    wipe.script_flush()

    assert got(saver, thread()).checkpoint["channel_values"] == {"said": "x"}


def test_strict_types_are_chosen_before_langgraph_is_imported() -> None:
    program = (
        "import graphs.digest, os; from langgraph.checkpoint.serde import _msgpack as m; "
        "print(m.STRICT_MSGPACK_ENABLED, os.environ['LANGSMITH_TRACING'])"
    )

    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert printed.stdout.split() == [b"True", b"false"]
