"""The road without accidents: proposed, judged, asked, approved, executed, logged."""

from __future__ import annotations

from road import Road
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
