"""`list`: pages, filters, `before`, namespaces and whole servers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.colours import Colour, ids, put, put_with, thread


def _numbered(saver: Colour, count: int, name: str = "t") -> list[str]:
    """Ids of a line of checkpoints, oldest first."""
    kept, line = thread(name), []
    for number in range(count):
        metadata = {"source": "loop", "step": number, "even": number % 2 == 0}
        kept = put_with(saver, kept, metadata, number=number)
        line.append(kept["configurable"]["checkpoint_id"])
    return line


@pytest.mark.parametrize("limit", [None, 0, 1, 49, 50, 51, 119, 500])
def test_more_than_a_page_is_listed_newest_first_up_to_the_limit(
    saver: Colour, limit: int | None
) -> None:
    line = _numbered(saver, 120)

    found = saver.list(thread(), limit=limit)

    assert ids(found) == line[::-1][:limit]


def test_a_filter_a_limit_and_before_hold_together_over_pages(saver: Colour) -> None:
    line = _numbered(saver, 120)
    before = thread(checkpoint_id=line[100])

    found = saver.list(thread(), filter={"even": True}, before=before, limit=45)

    assert [one.metadata["step"] for one in found] == [*range(98, 8, -2)]


def test_before_is_exclusive_and_a_checkpoint_id_names_one(saver: Colour) -> None:
    line = _numbered(saver, 4)

    assert ids(saver.list(thread(), before=thread(checkpoint_id=line[2]))) == [line[1], line[0]]
    assert ids(saver.list(thread(checkpoint_id=line[2]))) == [line[2]]
    assert saver.list(thread(), before=thread(checkpoint_id=line[0])) == []


def test_namespaces_are_listed_together_unless_one_is_named(saver: Colour) -> None:
    root = put(saver, thread(), said="root")["configurable"]["checkpoint_id"]
    below = put(saver, thread(ns="child:1"), said="below")["configurable"]["checkpoint_id"]

    assert ids(saver.list({"configurable": {"thread_id": "t"}})) == [below, root]
    assert ids(saver.list(thread())) == [root]
    assert ids(saver.list(thread(ns="child:1"))) == [below]


def test_without_a_thread_the_whole_server_is_listed_newest_first(saver: Colour) -> None:
    names = ["a", "b{c}", "ü/?"]
    line = [put(saver, thread(name), said=name) for name in names * 2]

    found = saver.list(None)

    assert ids(found) == [one["configurable"]["checkpoint_id"] for one in reversed(line)]
    assert {one.config["configurable"]["thread_id"] for one in found} == set(names)
    assert ids(saver.list(None, before=line[1], limit=1)) == ids(found[-1:])


NESTED: dict[str, Any] = {"order": {"lines": [{"sku": "A", "count": 2}], "paid": None}}


@pytest.mark.parametrize(
    ("wanted", "matches"),
    [
        (NESTED, True),
        ({**NESTED, "step": 1}, True),
        ({"order": {"lines": [{"count": 2, "sku": "A"}], "paid": None}}, True),
        ({"order": {"lines": [{"sku": "A", "count": 3}], "paid": None}}, False),
        ({"order": {"paid": None}}, False),
        ({"order": None}, False),
        ({"tags": ["x", "y"]}, True),
        ({"tags": ["y", "x"]}, False),
        ({"missing": None}, True),
        ({"score": float("inf")}, True),
    ],
)
def test_metadata_filters_compare_nested_values_whole(
    saver: Colour, wanted: dict[str, Any], matches: bool
) -> None:
    metadata = {"step": 1, **NESTED, "tags": ["x", "y"], "score": float("inf")}
    kept = put_with(saver, thread(), metadata, said="x")
    put_with(saver, thread("other"), {"step": 2, "tags": [], "missing": 1, "order": 1}, said="y")

    found = saver.list(None, filter=wanted)

    assert [one.config for one in found] == [kept] * matches
