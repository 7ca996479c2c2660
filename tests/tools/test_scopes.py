"""Scopes: what people may use at all, and what they are given for a time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from road import PEOPLE, Road
from sqlmodel import select
from till import Till
from till_tools import connector

from approvals.actions import Proposed
from approvals.by_hand import propose_by_hand
from approvals.elevation import live_ones, revoke
from approvals.floors import make_floor
from approvals.people import People
from approvals.rights_tables import Elevation
from approvals.running_out import end_due
from audit.tables import Event
from bot.permissions import PermissionsInSql
from bot.refused import refused_of_turn
from core.posts import Post
from graphs.runtime.evidence import make_evidence
from tools.connectors import signoff
from tools.contract import Ports
from tools.registry import Registry

NARROW = PEOPLE + "scopes: {everyone: ['till:read', 'signoff:*'], support: ['till:letters']}\n"
pytestmark = pytest.mark.parametrize("empty_db", ["sqlite"], indirect=True)


@pytest.fixture
def narrow(road: Road, till: Till, ports: Ports) -> Road:
    """The road where Ana may look into the till and no more."""
    people = People.parse(NARROW, Path("people.yaml"))
    permissions = PermissionsInSql(road.db, road.deps.log, people)
    own = signoff.make(replace(ports, permissions=permissions))
    registry = Registry.of([connector(till.url), own])
    by_hand, typed = make_evidence(people, registry), road.deps.evidence
    return road.changed(
        registry=registry,
        people=people,
        floor=make_floor(road.db, people),
        evidence=lambda s, action: [*by_hand(s, action), *typed(s, action)],
    )


def ask(
    road: Road, *, by: str = "ana", key: str = "1", minutes: int = 60, holder: str = "ana"
) -> str:
    args = {"scope": "till:write", "holder": holder, "minutes": minutes}
    with road.db.transaction() as session:
        return propose_by_hand(
            session, road.deps.log, Proposed("signoff.elevate", "1.0.0", args), key=key,
            principal_id=by, workspace_id="T0PRACTICE", channel="C0SUPPORT", thread_ts=None,
            now=road.clock.now(),
        ).id  # fmt: skip


def elevated(road: Road) -> None:
    """Ana has till:write for an hour; Olga, the operator, said so."""
    asked = ask(road)
    assert road.prepare(asked) == "awaiting"
    assert road.decide(asked, person="olga").outcome == "approved"
    assert road.execute(asked) == "succeeded"


def test_without_the_scope_it_is_refused_before_the_till_is_asked(narrow: Road, till: Till) -> None:
    """R2, R3: refused where it is prepared, before any connector is reached."""
    before = len(till.journal)
    action_id = narrow.propose("till.refund", order="4711", minor=100)

    assert narrow.prepare(action_id) == "denied"

    assert len(till.journal) == before
    why = (
        "Not allowed: Ana may not use till:write; /signoff elevate till:write 1h asks for it for "
        "an hour"
    )
    assert narrow.reasons(action_id)[-1] == why
    with narrow.db.read() as session:
        assert [reason for _, reason in refused_of_turn(session, "turn_1")] == [why]


def test_the_assistant_may_use_by_itself_all_it_is_offered(narrow: Road) -> None:
    """R3: also what is Signoff's own, as long as a model may call it."""
    action_id = narrow.propose("signoff.together")

    assert narrow.prepare(action_id) == "allowed"


def test_with_the_scope_policy_still_decides(narrow: Road) -> None:
    """R4, R9: an elevation lets something be asked; it approves nothing."""
    elevated(narrow)

    action_id = narrow.propose("till.refund", turn="turn_2", order="4711", minor=100)

    assert narrow.prepare(action_id) == "awaiting"


@pytest.mark.parametrize("end", ["expired", "revoked"])
def test_what_ended_before_it_began_is_refused(narrow: Road, end: str) -> None:
    """R4, R5: it ends by itself or at once by hand, and counts until the moment of beginning."""
    elevated(narrow)
    action_id = narrow.approved("till.refund", turn="turn_2", order="4711", minor=100)

    if end == "expired":
        narrow.wait(3600)
    else:
        with narrow.db.transaction() as session:
            row = session.exec(select(Elevation)).one()
            ana = narrow.deps.people.by_id("ana")
            assert ana is not None
            now = narrow.clock.now()
            told = revoke(
                session, narrow.deps.log, elevation_id=row.id, workspace_id="T0PRACTICE",
                person=ana, now=now,
            )  # fmt: skip
        assert told == "Revoked. From now on it is refused again."

    assert narrow.execute(action_id) == "denied"


def test_it_is_asked_of_an_operator_whatever_the_policy_says(narrow: Road) -> None:
    asked = ask(narrow)

    narrow.prepare(asked)

    row = narrow.row(asked)
    assert row.verdict is not None
    assert [stage["who"] for stage in row.verdict["stages"]] == ["operators"]
    assert set(row.origins.values()) == {"requester"}
    assert narrow.decide(asked, person="finn").outcome == "not_allowed"
    assert narrow.decide(asked, person="ana").outcome == "not_allowed"


def test_more_than_eight_hours_is_never_given(narrow: Road) -> None:
    asked = ask(narrow, minutes=481)

    assert narrow.prepare(asked) == "failed"


def test_it_is_listed_for_its_holder_and_for_operators(narrow: Road) -> None:
    elevated(narrow)

    with narrow.db.read() as session:
        found = {
            person.id: len(
                live_ones(session, person, workspace_id="T0PRACTICE", now=narrow.clock.now())
            )
            for person in narrow.deps.people.everyone
        }

    assert found == {"ana": 1, "finn": 0, "olga": 1}


def with_two_operators(road: Road) -> Road:
    """Finn is an operator, too."""
    text = NARROW.replace("finn@lindqvist.example}", "finn@lindqvist.example, operator: true}")
    people = People.parse(text, Path("people.yaml"))
    return road.changed(people=people, floor=make_floor(road.db, people))


def test_no_operator_gives_a_scope_to_themselves_by_having_another_ask(narrow: Road) -> None:
    """R4, R9: who it is for does not count, where somebody asks who is no operator."""
    two = with_two_operators(narrow)
    asked = ask(two, holder="olga")
    assert two.prepare(asked) == "awaiting"

    assert two.decide(asked, person="olga").sentence == (
        "This is for you, so someone else must approve it: Finn (an operator)."
    )
    assert two.decide(asked, person="finn").outcome == "approved"


def test_an_operator_may_agree_to_what_another_one_asks_for_them(narrow: Road) -> None:
    two = with_two_operators(narrow)
    asked = ask(two, by="finn", holder="olga")
    two.prepare(asked)

    assert two.decide(asked, person="finn").outcome == "not_allowed"
    assert two.decide(asked, person="olga").outcome == "approved"


def test_who_is_refused_before_anybody_was_asked_is_told(narrow: Road) -> None:
    """No model waits for what a person typed into a form or a command."""
    asked = ask(narrow, holder="olga", by="ana", minutes=481)
    narrow.prepare(asked)

    with narrow.db.read() as session:
        [post] = session.exec(select(Post).where(Post.subject == asked)).all()

    assert (post.kind, post.channel) == ("notice", "C0SUPPORT")
    assert post.body["text"].startswith("signoff.elevate: not done: ")


# Automations


def own(road: Road, *scopes: str) -> Road:
    """The same office, where this is what the assistant itself may use."""
    return road.changed(automations={"assistant": scopes})


def test_the_assistant_does_no_more_than_it_was_given_whoever_asks(narrow: Road) -> None:
    """R3, R9: what runs for somebody has its own scopes, and needs them besides theirs."""
    elevated(narrow)
    looking = own(narrow, "till:read")

    action_id = looking.propose("till.refund", turn="turn_2", order="4711", minor=100)

    assert looking.prepare(action_id) == "denied"
    assert looking.reasons(action_id)[-1] == (
        "Not allowed: the assistant may not use till:write; /signoff elevate till:write 1h for "
        "automation:assistant asks for it for an hour"
    )


def test_a_scope_given_to_the_assistant_is_given_to_nobody_else(narrow: Road) -> None:
    """R9: nobody gets through it what they may not themselves."""
    looking = own(narrow, "till:read")
    asked = ask(looking, holder="automation:assistant")
    looking.prepare(asked)
    looking.decide(asked, person="olga")
    assert looking.execute(asked) == "succeeded"

    action_id = looking.propose("till.refund", turn="turn_2", order="4711", minor=100)

    assert looking.prepare(action_id) == "denied"
    assert looking.reasons(action_id)[-1].startswith("Not allowed: Ana may not use till:write")


@pytest.mark.parametrize("end", [None, "expired", "revoked"])
def test_a_scope_given_to_the_assistant_counts_until_it_ends(narrow: Road, end: str | None) -> None:
    """R4, R5: asked for and approved like any action, ending by itself, all of it in the log."""
    looking = own(narrow, "till:read")
    people = People.parse(PEOPLE, Path("people.yaml"))
    free = looking.changed(people=people)
    asked = ask(free, holder="automation:assistant")
    free.prepare(asked)
    free.decide(asked, person="olga")
    free.execute(asked)
    assert "automation:assistant may use till:write for a time" in free.reasons(asked)
    action_id = free.approved("till.refund", turn="turn_2", order="4711", minor=100)

    if end == "expired":
        free.wait(3600)
    elif end == "revoked":
        with free.db.transaction() as session:
            row = session.exec(select(Elevation)).one()
            olga = people.by_id("olga")
            assert olga is not None
            revoke(
                session, free.deps.log, elevation_id=row.id, workspace_id="T0PRACTICE",
                person=olga, now=free.clock.now(),
            )  # fmt: skip

    assert free.execute(action_id) == ("denied" if end else "succeeded")


@pytest.mark.parametrize("tool", ["signoff.elevate", "signoff.allow_alike", "signoff.set_policy"])
def test_no_model_changes_what_is_permitted(road: Road, narrow: Road, tool: str) -> None:
    """R9: a model that calls by name what it is not offered is refused, whoever asks it."""
    everybody = narrow.changed(people=People.parse(PEOPLE, Path("people.yaml")))

    action_id = everybody.propose(tool, by="olga", scope="till:write", holder="ana", minutes=60)

    assert everybody.prepare(action_id) == "denied"
    assert everybody.reasons(action_id)[-1].startswith("Not allowed: the assistant may not use ")


def test_an_automation_that_uses_no_tools_is_given_none(narrow: Road) -> None:
    assert narrow.prepare(ask(narrow, holder="automation:support-morning")) == "failed"


def test_an_automation_that_nobody_declared_may_use_nothing(narrow: Road) -> None:
    elevated(narrow)
    action_id = narrow.propose("till.balance", order="4711")
    narrow.set(action_id, automation="stranger")

    assert narrow.prepare(action_id) == "denied"


def test_an_events_rule_does_no_more_than_the_file_gives_it_whatever_its_owner_may(
    road: Road,
) -> None:
    """R42."""
    rule = road.changed(automations={"parcel-lost": ("till:read",)})
    looked, changed = (
        rule.propose("till.balance", "turn_1", order="4711"),
        rule.propose("till.refund", "turn_2", order="4711", minor=18000),
    )
    for action_id in (looked, changed):
        rule.set(action_id, automation="parcel-lost")

    assert rule.prepare(looked) == "allowed"
    assert rule.prepare(changed) == "denied"
    assert rule.reasons(changed)[-1] == (
        "Not allowed: the rule parcel-lost may not use till:write; what it may use stands in "
        "config/automations.yaml"
    )


def test_the_log_says_once_that_it_ran_out(narrow: Road) -> None:
    """R4, R5: it expires, and that is logged."""
    elevated(narrow)

    def look() -> int:
        with narrow.db.transaction() as session:
            return end_due(session, narrow.deps.log, narrow.deps.people, now=narrow.clock.now())

    assert look() == 0
    narrow.wait(3600)

    assert [look(), look()] == [1, 0]
    with narrow.db.read() as session:
        query = select(Event.actor, Event.reason).where(Event.type == "approvals:elevation:ended")
        said = [tuple(row) for row in session.exec(query)]
        olga = narrow.deps.people.by_id("olga")
        assert olga is not None
        assert not live_ones(session, olga, workspace_id="T0PRACTICE", now=narrow.clock.now())
    assert said == [("system:approvals", "Ana may not use till:write any more: its time is over")]
