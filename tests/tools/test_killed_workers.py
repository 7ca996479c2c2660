"""Workers killed with SIGKILL at every named place: what is permitted has its effect once."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import pytest
from killing import killed_at
from road import Road
from till import Till

from core.clock import FileClock
from core.db import Database

pytestmark = [pytest.mark.chaos, pytest.mark.parametrize("empty_db", ["sqlite"], indirect=True)]

CALLS = MappingProxyType(
    {
        "till.refund": {"order": "4711", "minor": 18_000},
        "till.order": {"sku": "SKU-1", "quantity": 3},
        "till.letter": {"to": "finn@lindqvist.example", "text": "hello"},
    }
)


def ready(road: Road, tool: str) -> str:
    action_id = road.propose(tool, **CALLS[tool])
    if tool == "till.refund":
        assert road.prepare(action_id) == "awaiting"
        road.decide(action_id)
    return action_id


@pytest.mark.parametrize(
    ("tool", "place", "status", "effects"),
    [
        ("till.order", "prepare:judged", "succeeded", 1),
        ("till.refund", "executor:intent-committed", "succeeded", 1),
        ("till.order", "executor:intent-committed", "succeeded", 1),
        ("till.letter", "executor:intent-committed", "unknown", 0),
        ("till.refund", "executor:called", "succeeded", 1),
        ("till.order", "executor:called", "succeeded", 1),
        ("till.letter", "executor:called", "unknown", 1),
        ("till.refund", "executor:outcome-committed", "succeeded", 1),
        ("till.letter", "executor:outcome-committed", "succeeded", 1),
    ],
)
def test_whatever_the_moment_it_happens_once_or_a_person_is_asked(
    db: Database, till: Till, tmp_path: Path, tool: str, place: str, status: str, effects: int
) -> None:
    clock_file = tmp_path / "clock"
    road = Road.over(db, FileClock(clock_file), till.url)
    action_id = ready(road, tool)

    killed_at(place, road, till, clock_file, action_id)
    for later in (30, 120, 240):
        clock_file.write_text(str(later))
        road.prepare(action_id)
        road.execute(action_id)

    assert road.status(action_id) == status
    assert sum(entry.effect for entry in till.journal) == effects
    assert road.posts(action_id, "question") == (status == "unknown")
    # The end of the time to undo lies half an hour ahead.
    assert set(road.open_jobs(action_id)) <= {"undo_changed"}
