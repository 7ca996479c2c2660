"""A commit whose answer is lost (the connection breaks in COMMIT): did it happen, or not? (R67)"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from road import Road
from till import Till

from core.db import Database
from core.errors import StorageError

ASKED: dict[str, dict[str, Any]] = {
    "till.refund": {"order": "4711", "minor": 100},
    "till.order": {"sku": "SKU-1", "quantity": 1},
    "till.letter": {"to": "finn@lindqvist.example", "text": "It is done."},
}
ONCE = [("succeeded", 1)]
#: A letter has neither key nor record: a person is asked.
ALLOWED = {
    "till.refund": ONCE,
    "till.order": ONCE,
    "till.letter": [*ONCE, ("unknown", 0), ("unknown", 1)],
}
#: More than any of these errands has.
MOST = 12


@contextmanager
def answer_lost(db: Database, number: int, *, made: bool) -> Iterator[list[int]]:
    """The answer to this commit, counted from 1, is lost; `made`: it had been carried out. Gives
    the numbers of those that were lost."""
    dialect = db.engine.dialect
    commit, count, lost = dialect.do_commit, [0], list[int]()

    def broken(connection: Any) -> None:
        count[0] += 1
        if count[0] != number:
            return commit(connection)
        lost.append(number)
        if made:
            commit(connection)
        else:
            connection.rollback()
        raise dialect.dbapi.OperationalError("the connection was closed")  # type: ignore[union-attr]

    dialect.do_commit = broken  # type: ignore[method-assign]
    try:
        yield lost
    finally:
        dialect.do_commit = commit  # type: ignore[method-assign]


def permitted(road: Road, tool: str, number: int) -> str:
    action_id = road.propose(tool, turn=f"turn_{number}", **ASKED[tool])
    if road.prepare_only(action_id) == "awaiting":
        person = "ana" if tool == "till.letter" else "finn"
        assert road.decide(action_id, person).outcome == "approved"
    return action_id


@pytest.mark.parametrize("made", [True, False])
@pytest.mark.parametrize("tool", ASKED)
def test_whichever_commit_loses_its_answer_it_happens_once(
    road: Road, till: Till, tool: str, made: bool
) -> None:
    path = "/" + tool.partition(".")[2]
    for number in range(1, MOST):
        action_id = permitted(road, tool, number)
        before = till.effects(path)

        with answer_lost(road.db, number, made=made) as lost:
            try:
                road.execute(action_id)
            except StorageError:
                assert lost
        if not lost:
            assert number > 2
            return
        for _ in range(4):
            road.wait(60)
            road.execute(action_id)

        done = till.effects(path) - before
        assert (road.status(action_id), done) in ALLOWED[tool]
    raise AssertionError("more commits than were tried")
