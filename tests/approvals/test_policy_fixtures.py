"""Examples that a policy is held against."""

from __future__ import annotations

from pathlib import Path

import pytest

from approvals.people import People
from approvals.policy.file import load_policy, parse_policy
from approvals.policy.fixtures import run
from core.errors import ConfigError
from tests.approvals.conftest import ROOT

PEOPLE = People.load(ROOT / "config" / "people.yaml")
STARTER = load_policy(ROOT / "config" / "policy.yaml")
CASES = ROOT / "config" / "policy_cases.yaml"


def test_the_starter_policy_does_what_its_examples_say() -> None:
    assert [(tried.name, tried.problem) for tried in run(STARTER, PEOPLE, CASES)] == [
        ("looking needs nobody", None),
        ("a refund of EUR 180 needs Finance", None),
        ("support confirms a refund of EUR 100", None),
        ("taking back a refund of EUR 180 needs Finance as well", None),
        ("support confirms that a refund of EUR 80 is taken back", None),
        ("sales cannot confirm a refund", None),
        ("a letter cannot choose who gets mail", None),
        ("a known partner named in a letter is asked about", None),
        ("mail to a colleague is confirmed", None),
        ("what nobody thought of is asked", None),
    ]


def test_another_policy_is_told_how_it_differs() -> None:
    loose = parse_policy(
        "default_approvers: group:finance\nrules:\n  - {name: all, allow: true}", Path("p.yaml")
    )
    mute = parse_policy("default_approvers: group:finance\nrules: []", Path("p.yaml"))

    first, refund = run(loose, PEOPLE, CASES)[:2]
    asked = run(mute, PEOPLE, CASES)

    assert first.passed
    assert not refund.passed
    assert refund.line == 10
    assert refund.problem == "expected ask, got allow: the rule “all” says so"
    assert asked[1].problem == (
        "expected the reason 'refunds above EUR 100 need Finance', got 'no rule says otherwise'"
    )
    assert asked[2].problem == "expected requester to be asked, got group:finance"


@pytest.mark.parametrize(
    ("expects", "problem"),
    [
        ("remind: 4 working hours", None),
        ("remind: 2 h", "expected remind 2 hours, got 4 working hours"),
        ("escalate: {after: 24 h, who: person:olga}", None),
        (
            "escalate: {after: 1 working day, who: person:olga}",
            "expected escalate to person:olga after 1 working day, got to person:olga after 1 day",
        ),
        ("editable: [amount]", None),
        ("editable: []", "expected editable (), got ('amount',)"),
        ("cards: dm", None),
        ("cards: thread", "expected cards thread, got dm"),
    ],
)
def test_an_example_may_say_what_it_expects_of_the_question(
    tmp_path: Path, expects: str, problem: str | None
) -> None:
    policy = parse_policy(
        "default_approvers: group:operations\nrules:\n  - {name: a, who: group:finance, "
        "remind: 4 working hours, escalate: {after: 1 day, who: person:olga}, editable: amount, "
        "cards: dm}",
        Path("p.yaml"),
    )
    path = tmp_path / "cases.yaml"
    path.write_text(
        "cases:\n  - {name: one, asker: ana, tool: shop.refund, effect: reversible, expect: ask,"
        f" {expects}}}"
    )

    [tried] = run(policy, PEOPLE, path)

    assert tried.problem == problem


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("asker: ana", "asker: anna"), "line 5: nobody is called 'anna'. Use ana, finn"),
        (("expect: allow", "expect: perhaps"), "line 8: cases.0.expect"),
        (("amount: 180 EUR", "amount: lots"), "line 17: 'lots' is not an amount"),
    ],
)
def test_a_slip_is_named_with_its_line(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    path = tmp_path / "cases.yaml"
    path.write_text(CASES.read_text().replace(*change, 1))

    with pytest.raises(ConfigError) as caught:
        run(STARTER, PEOPLE, path)

    assert says in caught.value.sentence


LIMITED = """
default_approvers: group:finance
rules:
  - name: small refunds
    tool: "shop.*"
    effect: [reversible, irreversible]
    in_all: {at_most: 500 EUR, within: 24 hours}
    allow: true
"""
REFUND = """
cases:
  - name: one more
    asker: ana
    tool: shop.refund
    effect: reversible
    amount: 60 EUR
    expect: ask
    before:
"""


@pytest.mark.parametrize(
    ("before", "problem"),
    [
        ("{ago: 23 hours, amount: 110 EUR, times: 4}", "got allow"),
        ("{ago: 23 hours, amount: 110.25 EUR, times: 4}", None),
        ("{ago: 24 hours, amount: 900 EUR}", "got allow"),
        ("{ago: 1 hour, amount: 900 EUR, asker: sam}", "got allow"),
        ("{ago: 1 hour, amount: 900 EUR, tool: mail.send}", "got allow"),
        ("{ago: 1 hour, amount: 900 EUR, tool: shop.find_order, effect: read}", "got allow"),
        ("{ago: 1 hour, amount: 900 EUR, tool: shop.cancel_refund}", None),
        ("{ago: 1 hour, amount: 1 USD}", None),
    ],
)
def test_an_example_says_what_went_through_before(
    before: str, problem: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "cases.yaml"
    path.write_text(f"{REFUND}      - {before}\n")

    (tried,) = run(parse_policy(LIMITED, Path("p.yaml")), PEOPLE, path)

    assert (tried.problem is None) if problem is None else problem in (tried.problem or "")


@pytest.mark.parametrize(
    ("before", "says"),
    [
        ("{ago: lately}", "line 10: 'lately' is not a span of time"),
        ("{ago: 1 hour, amount: much}", "line 10: 'much' is not an amount"),
        ("{amount: 1 EUR}", r"line 10: .*ago is missing"),
    ],
)
def test_what_went_through_before_must_be_readable(before: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "cases.yaml"
    path.write_text(f"{REFUND}      - {before}\n")

    with pytest.raises(ConfigError, match=says):
        run(parse_policy(LIMITED, Path("p.yaml")), PEOPLE, path)
