"""A change of policy is an action: tried on the past, approved by an operator, then in force."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from road import POLICY, Road
from sqlmodel import col, select
from till import Till
from till_tools import connector

from approvals.actions import Proposed
from approvals.by_hand import propose_by_hand
from approvals.floors import make_floor
from approvals.policy.file import parse_policy
from approvals.policy.versions import PolicyInForce, take_in_file
from approvals.rights_tables import PolicyVersion
from core.db import Database
from graphs.runtime.evidence import make_evidence
from tools.connectors import signoff
from tools.contract import Ports
from tools.registry import Registry

TEAM = "T0PRACTICE"
FILE = POLICY.strip()
LOOSER = FILE.replace("tool: till.refund, who: group:finance", "tool: till.refund, allow: true")
on_sqlite = pytest.mark.parametrize("empty_db", ["sqlite"], indirect=True)


@pytest.fixture
def office(road: Road, till: Till, ports: Ports) -> Road:
    """The road where `FILE` was taken in at a release."""
    release(road, FILE)
    registry = Registry.of([connector(till.url), signoff.make(ports)])
    by_hand, typed = make_evidence(road.deps.people, registry), road.deps.evidence
    file = parse_policy(FILE, Path("policy.yaml"))
    return road.changed(
        registry=registry,
        floor=make_floor(road.db, road.deps.people),
        versions=PolicyInForce(road.db, workspace_id=TEAM, file=file),
        evidence=lambda s, action: [*by_hand(s, action), *typed(s, action)],
    )


def release(road: Road, text: str) -> bool:
    with road.db.transaction() as session:
        return take_in_file(
            session, road.deps.log, workspace_id=TEAM, text=text, now=road.clock.now()
        )


def ask(road: Road, text: str, *, by: str = "ana", key: str = "1") -> str:
    with road.db.transaction() as session:
        return propose_by_hand(
            session, road.deps.log, Proposed("signoff.set_policy", "1.0.0", {"text": text}),
            key=key, principal_id=by, workspace_id=TEAM, channel="C0SUPPORT", thread_ts=None,
            now=road.clock.now(),
        ).id  # fmt: skip


def changed(road: Road, text: str, *, key: str = "1") -> str:
    asked = ask(road, text, key=key)
    assert road.prepare(asked) == "awaiting"
    assert road.decide(asked, person="olga").outcome == "approved"
    return road.execute(asked)


def sources(db: Database) -> list[str]:
    with db.read() as session:
        rows = session.exec(select(PolicyVersion).order_by(col(PolicyVersion.number)))
        return [row.source[:4] for row in rows]


def message(road: Road, action_id: str) -> str:
    outcome: Any = road.row(action_id).outcome
    return str(outcome["message"])


def test_an_approved_change_counts_for_the_next_judgement(office: Road) -> None:
    assert changed(office, LOOSER) == "succeeded"

    action_id = office.propose("till.refund", turn="turn_2", order="4711", minor=100)

    assert office.prepare(action_id) == "awaiting"
    verdict = office.row(action_id).verdict
    assert verdict is not None
    # What cannot be undone is confirmed even where a rule allows it.
    assert [stage["who"] for stage in verdict["stages"]] == ["requester"]
    assert sources(office.db) == ["file", "act_"]


@on_sqlite
def test_what_waits_to_begin_is_judged_by_the_new_policy(office: Road) -> None:
    """R142: also what the old one permitted."""
    waiting = office.approved("till.refund", turn="turn_2", order="4711", minor=100)
    stricter = FILE.replace(
        "tool: till.refund, who: group:finance", "tool: till.refund, deny: true"
    )

    assert changed(office, stricter) == "succeeded"

    assert office.execute(waiting) == "denied"


@on_sqlite
def test_its_card_tells_what_it_would_have_changed(office: Road) -> None:
    done = office.approved("till.refund", turn="turn_2", order="4711", minor=100)
    office.execute(done)
    rejected = office.propose("till.refund", turn="turn_3", order="4711", minor=100)
    office.prepare(rejected)
    office.decide(rejected, vote="reject")

    asked = ask(office, LOOSER)
    office.prepare(asked)

    row = office.row(asked)
    assert row.preview is not None
    told = dict(map(tuple, row.preview["details"]))
    assert told["tried on the past:"] == "2 of 2 past actions would have come out differently"
    assert told["left to the asker alone, though another rejected it:"] == "1"
    assert told["allowed, though a person rejected it:"] == "none"
    changed_lines = [line for line in row.preview["diff"].split("\n") if line[0] in "+-"]
    assert [line[:39] for line in changed_lines] == [
        "-  - {name: refunds, tool: till.refund,",
        "+  - {name: refunds, tool: till.refund,",
    ]
    assert row.verdict is not None
    assert [stage["who"] for stage in row.verdict["stages"]] == ["operators"]
    assert office.decide(asked, person="finn").outcome == "not_allowed"


@on_sqlite
@pytest.mark.parametrize(
    ("text", "says"),
    [
        (FILE, "nothing is changed"),
        (FILE + "\n  - {name: half}", "line 9: rule 'half' must say one of"),
        (FILE + "\n  - {name: shut, tool: signoff.*, deny: true}", "nobody could change the"),
    ],
)
def test_what_cannot_be_used_is_never_asked(office: Road, text: str, says: str) -> None:
    asked = ask(office, text)

    assert office.prepare(asked) == "failed"
    assert says in message(office, asked)


@on_sqlite
def test_no_policy_lets_its_own_change_pass(office: Road) -> None:
    """R7: what permits everything permits neither this nor less than an operator's yes to it."""
    assert changed(office, "default_approvers: group:finance\nrules: [{name: a, allow: true}]")

    asked = ask(office, FILE, key="2")

    assert office.prepare(asked) == "awaiting"
    row = office.row(asked)
    assert row.verdict is not None
    assert [stage["who"] for stage in row.verdict["stages"]] == ["operators"]


@on_sqlite
def test_of_two_changes_the_second_is_asked_anew(office: Road) -> None:
    first, second = ask(office, LOOSER), ask(office, FILE + "\n# more", key="2")
    for each in (first, second):
        assert office.prepare(each) == "awaiting"
        assert office.decide(each, person="olga").outcome == "approved"
    assert office.execute(first) == "succeeded"
    office.wait(60)

    assert office.execute(second) == "superseded"


@on_sqlite
def test_a_release_with_another_file_wins_and_with_the_same_changes_nothing(office: Road) -> None:
    changed(office, LOOSER)

    assert release(office, FILE) is False
    assert office.deps.in_force().digest == parse_policy(LOOSER, Path("p")).digest
    assert release(office, FILE + "\n# deployed") is True
    assert sources(office.db) == ["file", "act_", "file"]
