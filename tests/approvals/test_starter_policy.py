"""What the starter policy leaves to nobody: judged for every tool, person and origin there is."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from approvals.floors import make_floor
from approvals.people import People
from approvals.policy.cases import Case
from approvals.policy.file import load_policy, parse_policy
from approvals.policy.judge import REQUESTER, Subject, Verdict, judge
from bot.bootstrap import declare
from core.clock import SystemClock
from core.money import Money
from core.origins import Origin
from tests.approvals.conftest import ROOT
from tools.contract import Tool

PEOPLE = People.load(ROOT / "config" / "people.yaml")
POLICY = load_policy(ROOT / "config" / "policy.yaml")
TOOLS = declare(PEOPLE, POLICY, SystemClock()).tools
WRITES = [tool for tool in TOOLS if tool.effect.value != "read"]
#: A colleague, somebody we know, and a stranger.
RECIPIENTS = ("finn@lindqvist.example", "mara@kappel-gmbh.example", "x@evil.example")
AMOUNTS = (None, Money(10_000, "EUR"), Money(10_001, "EUR"), Money(1, "JPY"))


def subjects(tool: Tool) -> Iterator[Subject]:
    """Every way to ask for it that policy tells apart: by whom, from where, how much, to whom."""
    ways = itertools.product(
        PEOPLE.everyone, Origin, AMOUNTS, RECIPIENTS, (False, True), (False, True), (False, True)
    )
    for person, origin, amount, recipient, outside, own, undoes in ways:
        args = dict.fromkeys(tool.authority, recipient)
        yield Subject(
            tool=tool.name,
            effect=tool.effect.value,
            args=args,
            principal=person,
            channel="C0SUPPORT",
            automation="assistant",
            origins={f"/{name}": origin for name in args},
            authority=tool.authority,
            outside=outside,
            own=own,
            undoes=undoes,
            amount=amount,
            recipients=(recipient,),
            hour=12,
            weekday="mon",
        )


@cache
def verdicts(tool: Tool) -> list[tuple[Subject, Verdict]]:
    return [(subject, judge(POLICY, PEOPLE, subject)) for subject in subjects(tool)]


@pytest.mark.parametrize("tool", WRITES, ids=[tool.name for tool in WRITES])
def test_nothing_that_changes_something_is_done_unasked(tool: Tool) -> None:
    """R100, R111, R113: no origin, amount, person or recipient passes it without a person.

    Only a note is kept without one, which is one's own and can be forgotten again.
    """
    kinds = {verdict.kind for _, verdict in verdicts(tool)}

    assert "allow" not in kinds or tool.name == "notes.remember"
    if tool.effect.value == "irreversible":
        assert "allow" not in kinds


@pytest.mark.parametrize("tool", WRITES, ids=[tool.name for tool in WRITES])
def test_what_somebody_else_chose_is_never_left_to_the_asker(tool: Tool) -> None:
    """R102, R185: a value from a letter, a document, the web or the model needs another's yes."""
    for subject, verdict in verdicts(tool):
        origin = next(iter(subject.origins.values()), Origin.REQUESTER)
        if not origin.trusted and verdict.kind == "ask":
            assert all(stage.who != REQUESTER for stage in verdict.stages)


def test_what_changes_permissions_is_asked_of_an_operator() -> None:
    """R7, R10: whatever the policy says of it."""
    floor = make_floor(None, PEOPLE)  # type: ignore[arg-type] - reads nothing for these
    for tool in WRITES:
        if tool.name.startswith("signoff.") and tool.name != "signoff.allow_alike":
            for subject, verdict in verdicts(tool):
                raised = floor(subject, verdict)
                assert raised.kind == "deny" or "operators" in {s.who for s in raised.stages}


@pytest.mark.parametrize("tool", WRITES, ids=[tool.name for tool in WRITES])
def test_no_rule_lets_pass_what_cannot_be_undone_or_what_somebody_else_chose(tool: Tool) -> None:
    """R100, P7: a policy that allows everything still has its asker confirm what cannot be undone,
    and an operator agree where a letter or the model chose what it hits, undone or not."""
    everything = parse_policy(
        "default_approvers: group:finance\nrules: [{name: all, allow: true}]", Path("policy.yaml")
    )
    floor = make_floor(None, PEOPLE)  # type: ignore[arg-type] - reads nothing for these
    final = tool.effect.value == "irreversible"
    for subject in subjects(tool):
        if tool.name.startswith("signoff."):
            continue
        verdict = floor(subject, judge(everything, PEOPLE, subject))
        chosen = bool(Case(subject, PEOPLE).untrusted)
        assert verdict.kind == ("ask" if final or chosen else "allow")
        expected = ["operators" if chosen else REQUESTER] if final or chosen else []
        assert [stage.who for stage in verdict.stages] == expected
        assert verdict.four_eyes is chosen


def test_a_rule_that_allows_says_what_is_confirmed_all_the_same() -> None:
    rules = parse_policy(
        "default_approvers: group:finance\nrules: [{name: m, tool: mail.send, allow: true}]",
        Path("policy.yaml"),
    )
    assert rules.sentences(PEOPLE, TOOLS)[0].endswith(
        "I just do it; what cannot be undone you confirm."
    )
