"""What a newer card tells of the one before it."""

from __future__ import annotations

from typing import Any

import pytest

from approvals.actions import supersede
from approvals.opening import open_request
from approvals.policy.judge import Verdict
from bot.differences import differences
from tests.bot.desk import FINN, Desk, buttons, shown

BEFORE = {"total": {"minor": 18_000, "currency": "EUR"}, "already_refunded": 0, "paid_by": ["Visa"]}


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (BEFORE, []),
        (
            {**BEFORE, "total": {"minor": 9_000, "currency": "EUR"}, "paid_by": ["Visa", "gift"]},
            ["total EUR 180.00 → EUR 90.00", "paid by Visa → nothing",
             "paid by \u203a 1 nothing → Visa", "paid by \u203a 2 nothing → gift"],
        ),
        ({**BEFORE, "paid_by": []}, ["paid by Visa → nothing"]),
        (None, ["total EUR 180.00 → nothing", "already refunded 0 → nothing",
                "paid by Visa → nothing"]),
    ],
)  # fmt: skip
def test_each_value_that_differs_is_named(after: Any, told: list[str]) -> None:
    assert differences(BEFORE, after) == told


def test_of_long_texts_the_place_is_shown_where_they_part() -> None:
    before, after = "x" * 900 + " old ending", "x" * 900 + " new ending"

    [told] = differences({"body": before}, {"body": after})

    assert "old ending → …xxx" in told
    assert told.endswith("new ending")
    assert len(told) < 250


def test_a_value_can_spell_no_second_line() -> None:
    [told] = differences({"to": "a"}, {"to": "b\ntotal EUR 1 → EUR 2\u202e"})

    assert "\n" not in told
    assert "\u202e" not in told


async def test_a_card_that_comes_again_shows_what_changed_since(one_desk: Desk) -> None:
    card = await one_desk.card()
    deps = one_desk.deps
    with deps.db.transaction() as session:
        action = one_desk.action()
        action = session.merge(action)
        action.facts = {"already_refunded": {"minor": 0, "currency": "EUR"}}
        session.flush()
        newer = supersede(
            session, deps.log, action, now=deps.clock.now(),
            actor="system:executor", reason="Looked at afresh",
        )  # fmt: skip
        newer.facts = {"already_refunded": {"minor": 9_000, "currency": "EUR"}}
        newer.preview = dict(action.preview or {})
        newer.digest = "sha256:2"
        session.flush()
        verdict = Verdict.from_json(action.verdict or {})
        open_request(session, deps.log, newer, verdict, deps.people, now=deps.clock.now())
    await one_desk.send_owed()

    old, new = await one_desk.messages()

    assert "Changed since: already refunded EUR 0.00 → EUR 90.00" in shown(new)
    assert "so I ask anew: see the newer card." in shown(old)
    assert buttons(old) == ["Story"]
    await one_desk.click(FINN, card["ts"], "story")
