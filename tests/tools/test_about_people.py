"""What decides about a person is decided by people, whatever the policy says (R117)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from road import POLICY, Road
from till import Till

from approvals.overseeing import WHY
from approvals.policy.file import parse_policy
from approvals.policy.judge import Verdict
from approvals.standing import may_stand
from tools.contract import Connector
from tools.declarations import problems
from tools.registry import Registry

pytestmark = pytest.mark.parametrize("empty_db", ["sqlite"], indirect=True)
RULE = "tool: till.order, allow: true, why: goods are ordered freely"
GOODS = {"sku": "SKU-1", "quantity": 3}


def over(road: Road, rule: str = RULE) -> Road:
    """The till where ordering counts as a decision about somebody."""
    tools = [
        replace(tool, about_people=True) if tool.name == "till.order" else tool
        for tool in road.deps.registry.tools
    ]
    registry = Registry.of([Connector("till", "1.0.0", (), tuple(tools))])
    policy = parse_policy(POLICY.replace(RULE, rule), Path("policy.yaml"))
    return road.changed(registry=registry, policy=policy)


@pytest.mark.parametrize(
    "rule",
    [
        RULE,
        "tool: till.order, ask: requester",
        "tool: till.order, who: group:finance, four_eyes: false",
        "tool: till.order, who: group:finance, review: 1 %",
    ],
)
def test_no_rule_lets_it_pass_or_leaves_it_to_the_asker(road: Road, till: Till, rule: str) -> None:
    office = over(road, rule)

    action_id = office.propose("till.order", **GOODS)

    assert office.prepare(action_id) == "awaiting"
    assert office.decide(action_id, person="ana").outcome == "not_allowed"
    assert till.effects("/order") == 0
    assert office.decide(action_id, person="finn").outcome == "approved"


def test_its_card_says_why(road: Road) -> None:
    office = over(road)
    action_id = office.propose("till.order", **GOODS)
    office.prepare(action_id)

    verdict = office.row(action_id).verdict
    assert verdict is not None
    assert verdict["reason"] == WHY


def test_a_refusal_stays_one(road: Road) -> None:
    office = over(road, "tool: till.order, deny: true")

    assert office.prepare(office.propose("till.order", **GOODS)) == "denied"


def test_no_yes_in_advance_covers_it(road: Road) -> None:
    office = over(road)
    action_id = office.propose("till.order", **GOODS)
    office.prepare(action_id)

    verdict = Verdict.from_json(office.row(action_id).verdict or {})

    assert not may_stand("till.order", replace(verdict, standing=True))


def test_who_it_is_about_must_be_named(road: Road) -> None:
    (order,) = (tool for tool in road.deps.registry.tools if tool.name == "till.order")
    vague = replace(order, about_people=True, authority=())

    assert problems([Connector("till", "1.0.0", (), (vague,))]) == [
        "till.order: decides about a person but does not name in authority which argument that is"
    ]
