"""What a rule says of its question: which fields may be changed, where the card stands, and that a
key which says nothing is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from approvals.policy.judge import Verdict, judge
from core.errors import ConfigError
from tests.approvals.test_policy import PEOPLE, policy, refund


@dataclass(frozen=True)
class _Tool:
    name: str
    editable: tuple[str, ...] = ()


TOOLS = [_Tool("shop.refund", ("amount", "reason")), _Tool("shop.cancel"), _Tool("mail.send")]


@pytest.mark.parametrize(
    ("said", "fields", "where"),
    [
        ((), None, "channel:C0ALL"),
        (("editable: [reason, amount]", "cards: dm"), ("reason", "amount"), "dm"),
        (("editable: no", "cards: thread"), (), "thread"),
        (("editable: amount", "cards: channel:C0PAY"), ("amount",), "channel:C0PAY"),
    ],
)
def test_a_rule_says_what_may_be_changed_and_where_its_card_stands(
    said: tuple[str, ...], fields: Any, where: str
) -> None:
    more = "".join(f", {each}" for each in said)
    rules = policy(
        f"  - {{name: a, tool: shop.refund, who: group:finance{more}}}",
        "cards: channel:C0ALL\ndefault_approvers: group:operations",
    )
    rules.check_tools(TOOLS)

    verdict = judge(rules, PEOPLE, refund())

    assert (verdict.editable, verdict.cards) == (fields, where)
    assert Verdict.from_json(verdict.as_json()) == verdict


@pytest.mark.parametrize(
    ("one", "two", "fields", "where"),
    [
        ("editable: [amount, reason]", "editable: reason", ("reason",), "thread"),
        ("editable: amount", "editable: reason", (), "thread"),
        ("editable: amount", "cards: dm", ("amount",), "dm"),
        ("cards: channel:C0A", "cards: channel:C0A", None, "channel:C0A"),
        ("cards: channel:C0A", "cards: channel:C0B", None, "dm"),
    ],
)
def test_of_two_rules_only_what_both_let_be_changed_and_places_that_differ_are_alone(
    one: str, two: str, fields: Any, where: str
) -> None:
    rules = policy(
        f"  - {{name: a, who: group:finance, {one}}}\n  - {{name: b, who: person:olga, {two}}}"
    )

    verdict = judge(rules, PEOPLE, refund())

    assert (verdict.editable, verdict.cards) == (fields, where)


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("tool: shop.refund, editable: [amount, sum]", "'sum' is nothing .* Use amount, reason."),
        ("tool: 'shop.*', editable: order", "'order' is nothing .* Use amount, reason."),
        ("tool: mail.send, editable: to", "'to' is nothing .* Take the key out, or write no."),
        ("editable: sum", "'sum' is nothing .* Use amount, reason."),
    ],
)
def test_a_field_that_the_tools_do_not_let_be_changed_is_named_with_its_line(
    rule: str, says: str
) -> None:
    rules = policy(
        f"  - name: a\n    who: group:finance\n    {rule.replace(', e', chr(10) + '    e')}"
    )

    with pytest.raises(ConfigError, match=rf"config/policy.yaml, line [56]: {says}"):
        rules.check_tools(TOOLS)


def test_a_rule_about_a_tool_that_is_not_here_is_no_slip() -> None:
    rules = policy("  - {name: a, tool: crm.delete, who: group:finance, editable: anything}")

    rules.check_tools(TOOLS)


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        ("allow: true\n    editable: amount", "editable"),
        ("allow: true\n    cards: dm", "cards"),
        ("deny: true\n    quorum: 2", "quorum"),
        ("allow: true\n    remind: 4 h", "remind"),
        ("allow: true\n    standing: true", "standing"),
        ("ask: [{who: group:x}]\n    quorum: 2", "quorum"),
        ("who: group:x\n    in_words: sometimes", "in_words"),
    ],
)
def test_a_key_that_would_say_nothing_is_refused_at_its_line(rule: str, key: str) -> None:
    with pytest.raises(ConfigError, match=f"line 5: {key} says nothing in rule 'a'"):
        policy(f"  - name: a\n    {rule}")


def test_the_sentences_tell_both() -> None:
    @dataclass(frozen=True)
    class Able(_Tool):
        can: str = "refund an order"
        effect: str = "irreversible"

    rules = policy(
        "  - {name: a, tool: shop.refund, who: group:finance, "
        "editable: [amount, reason], cards: dm}"
    )

    assert rules.sentences(PEOPLE, [Able("shop.refund")])[0] == (
        "Refund an order: Finance approves (not the asker). Of it they may change amount or "
        "reason. The card stands in each approver's direct messages."
    )
