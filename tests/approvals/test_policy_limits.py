"""Limits over time in the policy: what they let pass, what counts, and how they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from approvals.people import People
from approvals.policy.cases import Subject
from approvals.policy.judge import Policy, judge
from approvals.policy.limits import Limit, SoFar, Tally
from core.errors import ConfigError
from core.money import Money
from tests.approvals.test_policy import PEOPLE, policy, refund

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = "within: 24 hours"
#: Finance is asked beyond EUR 500 in 24 hours; below it nobody is.
ASKS = (
    "  - {name: small, tool: shop.refund, at_most: 100 EUR, allow: true}\n"
    f"  - {{name: many, tool: shop.refund, in_all: {{above: 500 EUR, {DAY}}}, who: group:finance, "
    "why: many refunds need Finance}"
)


def before(rules: Policy, *sums: SoFar, **changes: object) -> Subject:
    """A refund of EUR 60 after this much, for each limit of the policy in turn."""
    so_far = dict(zip(rules.limits, sums, strict=True))
    return replace(refund(Money(6_000, "EUR")), so_far=so_far, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("used", "kind"), [(0, "allow"), (43_999, "allow"), (44_000, "allow"), (44_001, "ask")]
)
def test_up_to_the_limit_it_is_allowed_and_beyond_it_those_are_asked_whom_the_rule_names(
    used: int, kind: str
) -> None:
    rules = policy(ASKS)

    verdict = judge(rules, PEOPLE, before(rules, SoFar(9, used)))

    assert verdict.kind == kind
    if kind == "ask":
        assert [stage.who for stage in verdict.stages] == ["group:finance"]
        assert verdict.reason == (
            "many refunds need Finance: EUR 440.01 of EUR 500 in 24 hours are used up for Ana "
            "without needing anybody else; this would make it EUR 500.01"
        )


def test_a_rule_that_stays_within_its_limit_says_why_it_does_not_speak_any_more() -> None:
    rules = policy(
        f"  - {{name: a, tool: shop.refund, in_all: {{at_most: 500 EUR, {DAY}}}, allow: true}}"
    )

    verdict = judge(rules, PEOPLE, before(rules, SoFar(5, 48_000)))

    assert [stage.who for stage in verdict.stages] == ["group:operations"]
    assert verdict.reason == (
        "EUR 480 of EUR 500 in 24 hours are used up for Ana without needing anybody else; "
        "this would make it EUR 540"
    )
    assert judge(rules, PEOPLE, before(rules, SoFar(5, 44_000))).kind == "allow"


def test_a_limit_counts_how_many_as_well() -> None:
    rules = policy(
        "  - {name: a, tool: 'shop.*', effect: irreversible, "
        "in_all: {at_most: 10, within: 1 hour, per: all}, ask: requester}"
    )

    assert judge(rules, PEOPLE, before(rules, SoFar(9))).rules == ("a",)
    beyond = judge(rules, PEOPLE, before(rules, SoFar(10)))
    assert beyond.reason == (
        "10 of 10 in 1 hour are used up without needing anybody else; this would make it 11"
    )


@pytest.mark.parametrize("unknown", ["not looked up", "another currency", "and before"])
@pytest.mark.parametrize("key", ["above", "at_most"])
def test_what_cannot_be_added_up_is_asked(key: str, unknown: str) -> None:
    """Different currencies are never added."""
    follows = "who: group:finance" if key == "above" else "allow: true"
    rules = policy(
        f"  - {{name: a, tool: shop.refund, in_all: {{{key}: 500 EUR, {DAY}}}, {follows}}}"
    )
    subject = before(rules, SoFar(1, 100, mixed=unknown == "and before"))
    if unknown == "not looked up":
        subject = replace(subject, so_far={})
    if unknown == "another currency":
        subject = replace(subject, amount=Money(100, "USD"))

    verdict = judge(rules, PEOPLE, subject)

    assert (verdict.kind, verdict.four_eyes) == ("ask", True)
    assert verdict.reason == "what went through before cannot be added up with it"


def test_a_tool_that_is_named_must_say_its_amount() -> None:
    rules = policy(ASKS)

    assert judge(rules, PEOPLE, before(rules, SoFar(), amount=None)).kind == "deny"


def test_an_amount_below_zero_gives_nothing_back() -> None:
    rules = policy(ASKS)
    (limit,) = rules.limits

    assert limit.worth("shop.refund", (-500, "EUR")) == SoFar(1, 500)
    verdict = judge(rules, PEOPLE, before(rules, SoFar(9, 49_000), amount=Money(-2_000, "EUR")))
    assert verdict.kind == "ask"


def test_taking_something_back_is_under_no_limit() -> None:
    rules = policy(ASKS)

    verdict = judge(rules, PEOPLE, before(rules, SoFar(9, 90_000), undoes=True))

    assert verdict.kind == "allow"


def test_a_limit_is_told_in_a_sentence() -> None:
    rules = policy(
        ASKS + "\n  - {name: c, tool: shop.refund, ask: requester, "
        "in_all: {at_most: 3, within: 2 days, per: args.order}}"
    )

    said = rules.sentences(PEOPLE, [_Refund()])

    assert said[1:3] == [
        "Refund an order beyond EUR 500 in 24 hours for each asker: "
        "Finance approves (not the asker).",
        "Refund an order up to 3 times in 2 days for each order: you confirm.",
    ]


class _Refund:
    name, can, effect = "shop.refund", "refund an order", "irreversible"


@pytest.mark.parametrize(
    ("at", "counts"), [(timedelta(hours=24) - timedelta.resolution, 200), (timedelta(hours=24), 0)]
)
def test_the_window_ends_sharply(at: timedelta, counts: int) -> None:
    (limit,) = policy(ASKS).limits
    tally = Tally(limit)
    tally.add(["ana"], SoFar(1, 200), NOON)

    assert tally.so_far(["ana"], NOON + at) == SoFar(1 if counts else 0, counts)
    assert tally.so_far(["sam"], NOON) == SoFar()
    assert tally.so_far([], NOON) is None


def test_of_several_recipients_the_one_counts_who_had_most() -> None:
    (limit,) = _of("shop.refund", f"at_most: 5, {DAY}, per: args.to")
    tally = Tally(limit)
    parties = limit.parties(asker="", automation="", args={"to": ["A@x.example", "b@x.example"]})
    tally.add(parties[:1], SoFar(2), NOON)

    assert parties == ("a@x.example", "b@x.example")
    assert tally.so_far(parties, NOON) == SoFar(2)
    assert limit.parties(asker="", automation="", args={}) == ()


def _of(tool: str, limit: str) -> Sequence[Limit]:
    return policy(f"  - {{name: a, tool: {tool}, in_all: {{{limit}}}, allow: true}}").limits


@pytest.mark.parametrize(
    ("limit", "follows", "says"),
    [
        (f"{{{DAY}}}", "allow: true", "line 4: in_all needs one of above and at_most"),
        (f"{{at_most: 1 EUR, above: 1 EUR, {DAY}}}", "allow: true", "needs one of"),
        ("{at_most: 1 EUR}", "allow: true", r"line 4: .*within is missing"),
        ("{at_most: 1 EUR, within: soon}", "allow: true", "line 4: 'soon' is not a span of time"),
        ("{at_most: 1 EUR, within: 2 working days}", "allow: true", "runs by the clock alone"),
        (f"{{at_most: 1.5, {DAY}}}", "allow: true", "line 4"),
        (f"{{at_most: true, {DAY}}}", "allow: true", "line 4"),
        (f"{{at_most: 0, {DAY}}}", "allow: true", "0 is no limit"),
        (f"{{at_most: lots, {DAY}}}", "allow: true", "is not an amount with a currency"),
        (f"{{at_most: 9, {DAY}, per: him}}", "allow: true", "'him' is nobody to count for"),
        (f"{{at_most: 9, {DAY}, over: x}}", "allow: true", "I do not know the key 'over'"),
        (f"{{at_most: 9, {DAY}}}", "who: group:finance", "fewer would be asked"),
        (f"{{at_most: 9, {DAY}}}", "deny: true", "fewer would be asked"),
        (f"{{above: 9, {DAY}}}", "allow: true", "is not allowed by it"),
    ],
)
def test_a_limit_that_says_nothing_stops_the_start_with_its_line(
    limit: str, follows: str, says: str
) -> None:
    rule = f"  - name: a\n    in_all: {limit}\n    tool: shop.refund\n    {follows}"

    with pytest.raises(ConfigError, match=says):
        policy(rule)


def test_a_limit_needs_tools_to_count() -> None:
    with pytest.raises(ConfigError, match="in_all counts what some tools do"):
        policy(f"  - {{name: a, in_all: {{at_most: 9, {DAY}}}, allow: true}}")


def test_a_policy_without_limits_asks_for_no_sums(people: People) -> None:
    assert policy("  - {name: a, tool: shop.refund, allow: true}").limits_on("shop.refund") == ()
    assert policy(ASKS).limits_on("mail.send") == ()
