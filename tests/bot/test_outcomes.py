"""What became of an action, in a few words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from approvals.tables import Action
from bot.outcomes import done_words, past

AT = datetime(2026, 11, 20, 13, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("verb", "done"),
    [
        ("refund", "refunded"),
        ("restock", "restocked"),
        ("send", "sent"),
        ("move", "moved"),
        ("cancel the meeting", "cancelled the meeting"),
        ("copy", "copied"),
        ("forget", "forgot"),
        ("book", "booked"),
        ("do", "done"),
    ],
)
def test_verbs_are_told_as_done(verb: str, done: str) -> None:
    assert past(verb) == done


@pytest.mark.parametrize(
    ("status", "outcome", "words"),
    [
        ("approved", None, ["I am on it"]),
        (
            "succeeded",
            {"status": "succeeded", "result": {"refund": "re_83", "order": "4711"}},
            ["refunded 14:02, once", "re_83"],
        ),
        (
            "failed",
            {"status": "failed", "code": "refused", "message": "Order 4711 was refunded before."},
            ["failed 14:02: Order 4711 was refunded before."],
        ),
        (
            "unknown",
            {"status": "unknown", "message": "…"},
            ["I lost the connection and do not know whether it happened: see my question"],
        ),
        ("cancelled", None, ["not done (stopped)"]),
    ],
)
def test_an_outcome_is_told_with_its_time_and_reference(
    status: str, outcome: dict[str, Any] | None, words: list[str]
) -> None:
    action = Action(
        id="act_1",
        workspace_id="T1",
        principal_id="ana",
        channel="C1",
        tool="shop.refund",
        tool_version="1.0.0",
        args={},
        status=status,
        outcome=outcome,
        preview={"verb": "refund"},
        created_at=AT,
        settled_at=AT,
    )

    assert list(done_words(action, "Europe/Berlin")) == words
