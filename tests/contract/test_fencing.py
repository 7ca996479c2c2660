"""Fences and generations: what is refused, by name, and that a refusal changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from graphs.checkpoint import layout
from graphs.checkpoint.errors import StaleFence, WrongGeneration
from tests.contract.colours import Colour, got, put, thread, values


def _gated(config: Any, **gate: int) -> Any:
    return {"configurable": {**config["configurable"], **gate}}


def test_a_lower_fence_is_refused_and_changes_nothing(saver: Colour) -> None:
    saver.open_thread("t", generation=1, fence=2)
    kept = put(saver, thread(generation=1, fence=3), said="new")

    with pytest.raises(StaleFence):
        put(saver, thread(generation=1, fence=2), said="old")
    with pytest.raises(StaleFence):
        saver.put_writes(_gated(kept, fence=2), [("x", 1)], "task")
    with pytest.raises(StaleFence):
        saver.open_thread("t", generation=2, fence=2)

    found = got(saver, thread())
    assert found.checkpoint["channel_values"] == {"said": "new"}
    assert found.pending_writes == []


def test_the_same_and_a_higher_fence_pass_and_writes_raise_it_too(saver: Colour) -> None:
    saver.open_thread("t", generation=1, fence=2)
    kept = put(saver, thread(generation=1, fence=2), said="same")
    saver.put_writes(_gated(kept, fence=7), [("x", 1)], "task")

    with pytest.raises(StaleFence):
        put(saver, _gated(kept, fence=6), said="late")

    assert got(saver, thread()).pending_writes == [("task", "x", 1)]


def test_a_fence_holds_in_a_thread_without_a_generation(saver: Colour) -> None:
    kept = put(saver, thread(fence=5), said="new")

    with pytest.raises(StaleFence):
        put(saver, thread(fence=4), said="old")
    saver.put_writes(kept, [("x", 1)], "task")

    assert values(saver, thread()) == {"said": "new"}


@pytest.mark.parametrize("opened", [False, True])
def test_with_neither_given_nothing_is_checked(saver: Colour, opened: bool) -> None:
    if opened:
        saver.open_thread("t", generation=2, fence=5)
    else:
        put(saver, thread(fence=5), said="fenced")
    kept = put(saver, thread(fence=None, generation=None), said="open")
    saver.put_writes({"configurable": {**kept["configurable"]}}, [("x", 1)], "task")

    assert values(saver, thread()) == {"said": "open"}


@pytest.mark.parametrize("gate", [{"generation": 1}, {"generation": 1, "fence": 9}, {"fence": 9}])
def test_an_opened_thread_takes_no_checked_write_of_another_generation(
    saver: Colour, gate: dict[str, int]
) -> None:
    saver.open_thread("t", generation=2, fence=1)
    kept = put(saver, thread(generation=2, fence=1), said="x")
    bare = {
        name: value
        for name, value in kept["configurable"].items()
        if name not in ("generation", "fence")
    }

    with pytest.raises(WrongGeneration):
        put(saver, thread("t", **gate), said="x")
    with pytest.raises(WrongGeneration):
        saver.put_writes({"configurable": {**bare, **gate}}, [("x", 1)], "task")

    assert got(saver, thread()).pending_writes == []


def test_a_generation_is_refused_where_the_thread_has_none(saver: Colour) -> None:
    put(saver, thread(), said="x")

    with pytest.raises(WrongGeneration):
        put(saver, thread(generation=1), said="y")


def test_a_wiped_thread_takes_no_more_writes_of_its_generation(
    saver: Colour, server: redis.Redis
) -> None:
    saver.open_thread("t", generation=1, fence=1)
    kept = put(saver, thread(generation=1, fence=1), said="x")
    server.flushall()

    with pytest.raises(WrongGeneration):
        put(saver, kept, said="y")
    with pytest.raises(WrongGeneration):
        saver.put_writes(kept, [("x", 1)], "task")

    assert saver.generation("t") is None
    assert saver.get_tuple(thread()) is None


def test_a_thread_that_lost_its_parent_checkpoint_takes_no_child(
    saver: Colour, server: redis.Redis
) -> None:
    saver.open_thread("t", generation=1, fence=1)
    kept = put(saver, thread(generation=1, fence=1), said="x")
    server.delete(layout.keys("t")[0])

    with pytest.raises(WrongGeneration):
        put(saver, kept, said="y")


def test_opening_empties_a_thread(saver: Colour) -> None:
    put(saver, thread(), said="old")

    saver.open_thread("t", generation=1, fence=1)

    assert saver.get_tuple(thread()) is None
    assert saver.generation("t") == 1
    assert saver.list(thread()) == []
