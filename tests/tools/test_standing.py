"""A yes given once for actions alike: asked for, given, spent, used up, revoked."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from road import PEOPLE, POLICY, Road
from sqlmodel import select
from till import Till
from till_tools import connector

from approvals.actions import Proposed, propose_by_hand
from approvals.floors import make_floor
from approvals.origins import Labelled
from approvals.people import People
from approvals.policy_file import parse_policy
from approvals.standing import live_ones, revoke
from approvals.tables import StandingPermission
from core.origins import Origin
from graphs.runtime.evidence import make_evidence
from tools.connectors import signoff
from tools.contract import Ports
from tools.registry import Registry

ORDERS = [f"47{n:02}" for n in range(11, 40)]
#: Where the database makes no difference.
on_sqlite = pytest.mark.parametrize("empty_db", ["sqlite"], indirect=True)
STANDING = POLICY.replace("who: group:finance, why", "who: group:finance, standing: true, why")


@pytest.fixture
def alike(road: Road, till: Till, ports: Ports) -> Road:
    """The road with our own connector, where refunds may be covered."""
    till.paid.update(dict.fromkeys(ORDERS, 18_000))
    registry = Registry.of([connector(till.url), signoff.make(ports)])
    return road.changed(
        registry=registry,
        policy=parse_policy(STANDING, Path("policy.yaml")),
        floor=make_floor(road.db, road.deps.people),
        evidence=_evidence(road, registry),
    )


def _evidence(road: Road, registry: Registry) -> Any:
    by_hand, typed = make_evidence(road.deps.people, registry), road.deps.evidence
    orders = Labelled(Origin.REQUESTER, " ".join(ORDERS))
    return lambda session, action: [*by_hand(session, action), *typed(session, action), orders]


def ask(road: Road, action_id: str, *, by: str = "ana", key: str = "1", **changes: Any) -> str:
    """Ask for refunds alike to this one, up to EUR 1.00 each and EUR 3.00 in all."""
    args = {
        "action_id": action_id,
        "at_most": {"minor": 100, "currency": "EUR"},
        "may_differ": ["order"],
        "uses": 5,
        "in_all": {"minor": 300, "currency": "EUR"},
        "days": 7,
        **changes,
    }
    with road.db.transaction() as session:
        return propose_by_hand(
            session, road.deps.log, Proposed("signoff.allow_alike", "1.0.0", args), key=key,
            principal_id=by, workspace_id="T0PRACTICE", channel="C0SUPPORT", thread_ts="1.1",
            now=road.clock.now(),
        ).id  # fmt: skip


def given(road: Road, **changes: Any) -> str:
    """A standing permission that Finn gave; the id of the refund it started from."""
    first = road.approved("till.refund", turn="turn_first", order="4711", minor=100)
    assert road.execute(first) == "succeeded"
    asked = ask(road, first, **changes)
    assert road.prepare(asked) == "awaiting"
    assert road.decide(asked).outcome == "approved"
    assert road.execute(asked) == "succeeded"
    return first


def permission(road: Road) -> StandingPermission:
    with road.db.read() as session:
        return session.exec(select(StandingPermission)).one()


def test_what_it_covers_is_done_without_a_question_and_the_story_says_by_whom(alike: Road) -> None:
    given(alike)

    action_id = alike.propose("till.refund", turn="turn_2", order="4712", minor=100)

    assert alike.prepare(action_id) == "allowed"
    assert alike.status(action_id) == "succeeded"
    assert alike.posts(action_id, "card") == 0
    assert "Allowed: a standing permission of Finn covers it" in alike.reasons(action_id)
    assert "Covered by the standing permission of Finn (1 of 5 used)" in alike.reasons(action_id)
    assert (permission(alike).used, permission(alike).spent) == (1, 100)


@on_sqlite
def test_it_is_asked_of_those_who_are_asked_about_the_action(alike: Road) -> None:
    first = alike.approved("till.refund", order="4711", minor=100)
    alike.execute(first)

    asked = ask(alike, first)
    alike.prepare(asked)

    row = alike.row(asked)
    assert row.verdict is not None
    assert [stage["who"] for stage in row.verdict["stages"]] == ["group:finance"]
    assert row.verdict["four_eyes"] is True
    assert set(row.origins.values()) == {"requester"}
    assert alike.decide(asked, person="ana").outcome == "not_allowed"
    assert row.preview is not None
    assert row.preview["details"] == [
        ["for", "Ana"],
        ["each", "up to EUR 1.00, any order, minor from 1 to 100, inside the company"],
        ["how many", "5, EUR 3.00 in all"],
        ["for", "7 days from its approval"],
        ["would have covered", "Refund EUR 1.00 for 4711, 20 Nov"],
        ["rejected among them", "none"],
    ]


@on_sqlite
@pytest.mark.parametrize(
    ("tool", "args"),
    [
        ("till.refund", {"order": "4712", "minor": 7}),  # made up by the model
        ("till.letter", {"to": "finn@lindqvist.example", "text": "hello"}),
    ],
)
def test_what_it_does_not_cover_is_judged_as_before(
    alike: Road, tool: str, args: dict[str, Any]
) -> None:
    given(alike)

    action_id = alike.propose(tool, turn="turn_2", **args)
    alike.prepare(action_id)

    assert permission(alike).used == 0


@on_sqlite
def test_more_than_it_allows_is_asked(alike: Road) -> None:
    given(alike)

    action_id = alike.propose("till.refund", turn="turn_2", order="4712", minor=18000)

    assert alike.prepare(action_id) == "awaiting"


@on_sqlite
def test_another_persons_action_is_asked(alike: Road) -> None:
    given(alike)

    action_id = alike.propose("till.refund", turn="turn_2", by="olga", order="4712", minor=100)

    assert alike.prepare(action_id) == "awaiting"


@on_sqlite
def test_what_a_person_rejected_is_never_covered(alike: Road) -> None:
    """R100: where a person said no, no standing permission may say yes."""
    rejected = alike.propose("till.refund", turn="turn_0", order="4712", minor=100)
    alike.prepare(rejected)
    alike.decide(rejected, vote="reject")
    first = alike.approved("till.refund", order="4711", minor=100)
    alike.execute(first)

    asked = ask(alike, first)

    assert alike.prepare(asked) == "failed"
    outcome = alike.row(asked).outcome
    assert outcome is not None
    assert "what a person rejected: Refund EUR 1.00 for 4712" in outcome["message"]


@on_sqlite
def test_what_cannot_be_put_back_and_needs_two_is_asked_each_time(alike: Road) -> None:
    """R100: unless the rule says `standing: true`, four eyes on what is final stay four eyes."""
    strict = alike.changed(policy=parse_policy(POLICY, Path("policy.yaml")))
    first = strict.approved("till.refund", order="4711", minor=100)

    asked = ask(strict, first)

    assert strict.prepare(asked) == "failed"
    outcome = strict.row(asked).outcome
    assert outcome is not None
    assert outcome["message"].startswith("This is asked each time")


@on_sqlite
def test_a_policy_that_takes_standing_back_has_it_asked(alike: Road) -> None:
    given(alike)
    action_id = alike.propose("till.refund", turn="turn_2", order="4712", minor=100)
    assert alike.prepare_only(action_id) == "allowed"
    strict = alike.changed(policy=parse_policy(POLICY, Path("policy.yaml")))

    assert strict.execute(action_id) == "superseded"

    assert strict.prepare(strict.head(action_id).id) == "awaiting"


@on_sqlite
def test_nobody_asks_for_it_about_anothers_action(alike: Road) -> None:
    first = alike.approved("till.refund", order="4711", minor=100)

    asked = ask(alike, first, by="olga")

    assert alike.prepare(asked) == "failed"


@on_sqlite
def test_uses_run_out(alike: Road) -> None:
    given(alike, uses=1)
    covered = alike.propose("till.refund", turn="turn_2", order="4712", minor=100)
    alike.prepare(covered)

    another = alike.propose("till.refund", turn="turn_3", order="4713", minor=100)

    assert alike.prepare(another) == "awaiting"


@on_sqlite
@pytest.mark.parametrize("end", ["revoked", "expired", "giver gone"])
def test_what_ended_before_it_began_is_asked(alike: Road, end: str) -> None:
    """R4, R5: an end counts from the moment on, for what was allowed already too, and is logged."""
    given(alike)
    action_id = alike.propose("till.refund", turn="turn_2", order="4712", minor=100)
    assert alike.prepare_only(action_id) == "allowed"

    if end == "revoked":
        with alike.db.transaction() as session:
            olga = alike.deps.people.by_id("olga")
            assert olga is not None
            revoke(
                session, alike.deps.log, alike.deps.people,
                permission_id=permission(alike).id, person=olga, now=alike.clock.now(),
            )  # fmt: skip
    elif end == "expired":
        alike.wait(timedelta(days=7).total_seconds())
    else:
        without = PEOPLE.replace("finance: [finn]", "finance: [olga]")
        alike = alike.changed(people=People.parse(without, Path("people.yaml")))

    assert alike.execute(action_id) in ("superseded", "expired")

    newer = alike.head(action_id)
    if newer.id != action_id:
        assert alike.prepare(newer.id) == "awaiting"
    assert permission(alike).used == 0


def test_twenty_at_once_spend_no_more_than_was_given(alike: Road) -> None:
    """EUR 3.00 in all: three of EUR 1.00 are done, the others are asked."""
    given(alike, uses=20)
    ids = [
        alike.propose("till.refund", turn=f"turn_{n}", order=f"47{n:02}", minor=100)
        for n in range(20, 40)
    ]
    assert {alike.prepare_only(action_id) for action_id in ids} == {"allowed"}

    threads = [threading.Thread(target=alike.execute, args=(action_id,)) for action_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    statuses = sorted(alike.status(action_id) for action_id in ids)
    assert statuses == ["succeeded"] * 3 + ["superseded"] * 17
    assert (permission(alike).used, permission(alike).spent) == (3, 300)
    heads = [alike.head(action_id).id for action_id in ids]
    assert {alike.prepare(head) for head in heads if head not in ids} == {"awaiting"}


@on_sqlite
def test_it_is_listed_for_whom_it_concerns(alike: Road) -> None:
    given(alike)
    people = alike.deps.people

    with alike.db.read() as session:
        found = {
            person.id: len(
                live_ones(session, people, person, workspace_id="T0PRACTICE", now=alike.clock.now())
            )
            for person in people.everyone
        }

    assert found == {"ana": 1, "finn": 1, "olga": 1}
