"""`review: 50 %` on the whole road: what is not drawn is done, the rest waits (R107)."""

from __future__ import annotations

from pathlib import Path

import pytest
from road import POLICY, Road
from till import Till

from approvals.origins import Labelled
from approvals.policy.file import parse_policy
from core.origins import Origin

pytestmark = pytest.mark.parametrize("empty_db", ["sqlite"], indirect=True)
GOODS = 'tool: till.order, who: group:finance, review: 50 %, why: "half of them, looked at"'
HALF = POLICY.replace("tool: till.order, allow: true, why: goods are ordered freely", GOODS)
SKUS = [f"SKU-{number}" for number in range(1, 13)]


def with_policy(road: Road, text: str) -> Road:
    typed = [Labelled(Origin.REQUESTER, f"3 7 of {' '.join(SKUS)}")]
    policy = parse_policy(text, Path("policy.yaml"))
    return road.changed(policy=policy, evidence=lambda _session, _action: typed)


def test_the_undrawn_are_done_and_say_so_and_the_drawn_wait(road: Road, till: Till) -> None:
    half = with_policy(road, HALF)

    found = {}
    for number, sku in enumerate(SKUS):
        action_id = half.propose("till.order", f"turn_{number}", sku=sku, quantity=3)
        half.prepare(action_id)
        found[action_id] = half.status(action_id)

    assert set(found.values()) == {"awaiting", "succeeded"}
    done = [action_id for action_id, status in found.items() if status == "succeeded"]
    assert till.effects("/order") == len(done)
    assert "Allowed: of actions like this 50 % are asked about, and not this one" in half.reasons(
        done[0]
    )


def test_asking_again_on_that_day_is_asked_again(road: Road) -> None:
    """Also with another quantity, and after a person said no."""
    half = with_policy(road, HALF)
    waiting = [
        (sku, action_id)
        for number, sku in enumerate(SKUS)
        if half.prepare(
            action_id := half.propose("till.order", f"turn_{number}", sku=sku, quantity=3)
        )
        == "awaiting"
    ]
    for _, action_id in waiting:
        half.decide(action_id, vote="reject")

    again = [
        half.prepare(half.propose("till.order", f"again_{sku}", sku=sku, quantity=7))
        for sku, _ in waiting
    ]

    assert set(again) == {"awaiting"}


def test_a_rate_that_went_up_counts_for_what_has_not_begun(road: Road, till: Till) -> None:
    half, whole = with_policy(road, HALF), with_policy(road, HALF.replace("50 %", "100 %"))
    allowed = [
        action_id
        for number, sku in enumerate(SKUS)
        if half.prepare_only(
            action_id := half.propose("till.order", f"turn_{number}", sku=sku, quantity=3)
        )
        == "allowed"
    ]

    assert {whole.execute(action_id) for action_id in allowed} == {"superseded"}
    assert till.effects("/order") == 0
