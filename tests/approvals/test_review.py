"""A share of what a rule asks about is put to people (R107): which, how many, and what never."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from test_policy import PEOPLE, asker, policy, refund

from approvals.policy.judge import Verdict, judge
from approvals.review import reviewed
from audit.keys import KeyRing
from core.errors import ConfigError
from core.origins import Origin
from tests.approvals.conftest import NOW

HALF = "  - {name: refunds, tool: shop.refund, who: group:finance, review: 50 %}"
KEYS = KeyRing(bytes(32))


def after_draw(rules: str, order: str = "4711", day: int = 0, **changes: object) -> Verdict:
    """The verdict on a refund that can be put back, of this order on this day."""
    args = {"order": order, "amount": {"minor": 18000, "currency": "EUR"}}
    subject = replace(refund(effect="reversible", args=args), **changes)  # type: ignore[arg-type]
    verdict = judge(policy(rules), PEOPLE, subject)
    return reviewed(verdict, subject, day=NOW + timedelta(days=day), number=KEYS.number)


@pytest.mark.parametrize("rate", [50, 12])
def test_about_so_many_are_asked_about_and_the_others_say_why_not(rate: int) -> None:
    rules = HALF.replace("50", str(rate))

    found = [after_draw(rules, order=str(number)) for number in range(1_000)]

    asked = sum(verdict.kind == "ask" for verdict in found)
    assert rate * 8 < asked < rate * 12
    told = {verdict.reason for verdict in found if verdict.kind == "allow"}
    assert told == {f"of actions like this {rate} % are asked about, and not this one"}


def test_what_was_drawn_at_a_low_rate_is_drawn_at_a_higher_one_too() -> None:
    """A step down takes questions away and brings no new ones."""
    orders = [str(number) for number in range(300)]

    at_12, at_50 = (
        {o for o in orders if after_draw(HALF.replace("50", str(rate)), order=o).kind == "ask"}
        for rate in (12, 50)
    )

    assert at_12 < at_50


def test_proposing_it_again_or_otherwise_draws_the_same() -> None:
    """Whoever tries until it passes tries in vain: another amount or asking word is no new draw."""
    order = next(str(n) for n in range(100) if after_draw(HALF, order=str(n)).kind == "ask")

    again = [
        after_draw(
            HALF,
            automation=automation,
            args={"order": order, "amount": {"minor": minor, "currency": "EUR"}},
        )
        for minor in range(1, 50)
        for automation in ("assistant", "by-hand")
    ]

    assert {verdict.kind for verdict in again} == {"ask"}


def test_another_day_draws_anew() -> None:
    kinds = {after_draw(HALF, day=day).kind for day in range(30)}

    assert kinds == {"ask", "allow"}


def test_what_cannot_be_put_back_or_a_letter_chose_is_always_asked_about() -> None:
    """R100, R102."""
    letter = {"/order": Origin.MAIL, "/amount/minor": Origin.REQUESTER}
    orders = [str(number) for number in range(50)]

    final = [after_draw(HALF, order=o, effect="irreversible") for o in orders]
    chosen = [after_draw(HALF, order=o, origins=letter) for o in orders]
    put_back = [after_draw(HALF, order=o, undoes=True) for o in orders]

    assert {verdict.kind for verdict in (*final, *chosen, *put_back)} == {"ask"}


def test_another_rule_that_asks_each_time_wins() -> None:
    both = f"{HALF}\n  - {{name: by ana, tool: shop.refund, asker: ana, who: group:operations}}"
    orders = [str(number) for number in range(50)]

    assert {after_draw(both, order=o).kind for o in orders} == {"ask"}
    assert asker("ana") is not None


def test_a_draw_does_not_soften_a_refusal() -> None:
    both = f"{HALF}\n  - {{name: never, tool: shop.refund, deny: true}}"

    assert after_draw(both).kind == "deny"


@pytest.mark.parametrize(
    "rule",
    [
        "{name: a, tool: t, who: group:finance, review: 0 %}",
        "{name: a, tool: t, who: group:finance, review: half}",
        "{name: a, tool: t, who: group:finance, review: 101 %}",
        "{name: a, tool: t, allow: true, review: 50 %}",
    ],
)
def test_a_share_that_cannot_be_meant_is_named(rule: str) -> None:
    with pytest.raises(ConfigError, match="is no share of what is asked about"):
        policy(f"  - {rule}")


def test_the_sentences_say_it() -> None:
    class Tool:
        name, can, effect = "shop.refund", "refund an order", "reversible"

    said = policy(HALF).sentences(PEOPLE, [Tool()])[0]

    assert said == (
        "Refund an order: Finance approves (not the asker). Only 50 % of what can be put back is "
        "asked about."
    )


def test_it_survives_being_kept() -> None:
    verdict = judge(policy(HALF), PEOPLE, refund(effect="reversible"))

    assert Verdict.from_json(verdict.as_json()) == verdict
    assert verdict.review == 50
