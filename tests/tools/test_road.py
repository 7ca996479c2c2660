"""The road without accidents: proposed, judged, asked, approved, executed, logged."""

from __future__ import annotations

from typing import Any

from road import Road
from sqlalchemy.event import listen, remove
from till import Till

from tools.observe import observation


def test_a_read_is_allowed_executed_and_logged_without_asking(road: Road, till: Till) -> None:
    """R51."""
    action_id = road.propose("till.balance", order="4711")

    assert road.prepare(action_id) == "allowed"

    action = road.row(action_id)
    assert observation(action) == {
        "status": "succeeded",
        "result": {"source": "till 4711", "paid": 18_000, "refunded": 0},
        "summary": "Read: till 4711",
        "origin": "first_party",
    }
    assert road.events(action_id) == [
        "approvals:action:proposed",
        "approvals:action:allowed",
        "approvals:grant:minted",
        "approvals:grant:consumed",
        "approvals:action:executing",
        "tools:effect:intent",
        "approvals:action:succeeded",
    ]
    assert road.open_jobs(action_id) == []
    assert road.open_jobs("turn_1") == ["run_turn"]


def test_an_asked_action_waits_and_happens_once_when_approved(road: Road, till: Till) -> None:
    action_id = road.propose("till.refund", order="4711", minor=18_000)

    assert road.prepare(action_id) == "awaiting"
    assert till.calls("/refund") == 0
    assert road.posts(action_id, "card") == 1
    road.decide(action_id)
    assert road.execute(action_id) == "succeeded"

    assert till.effects("/refund") == 1
    assert road.row(action_id).outcome == {
        "status": "succeeded",
        "result": {"source": "till", "number": "re_1"},
        "summary": "Refunded 18000, re_1",
        "origin": "first_party",
    }
    assert "Refunded 18000, re_1" in road.reasons(action_id)
    assert road.open_jobs(action_id) == []


def test_a_permitted_action_takes_three_transactions_and_eighteen_statements(
    road: Road, till: Till
) -> None:
    """What the executor costs is its statements: who adds one has seen it here."""
    to = "finn@lindqvist.example"
    ids = [road.propose("till.letter", f"turn_{n}", to=to, text=f"hello {n}") for n in (3, 5)]
    for action_id in ids:
        assert road.prepare_only(action_id) == "allowed"
    assert road.execute(ids[0]) == "succeeded"  # makes the rows that every later one finds
    begun, said = [], []

    def begins(_connection: Any) -> None:
        begun.append(1)

    def says(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        said.append(statement)

    listen(road.db.engine, "begin", begins)
    listen(road.db.engine, "before_cursor_execute", says)
    assert road.execute(ids[1]) == "succeeded"
    remove(road.db.engine, "begin", begins)
    remove(road.db.engine, "before_cursor_execute", says)

    assert len(begun) == 3
    statements = [one for one in said if not one.startswith("BEGIN")]
    assert len(statements) <= 18, "\n".join(statements)
