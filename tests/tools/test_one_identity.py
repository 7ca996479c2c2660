"""One person is one identity whatever acts for them: nothing is replayed or lent (R8)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from road import Road
from sqlmodel import select
from till import Fault, Till

from approvals.actions import Proposed
from approvals.by_hand import propose_by_hand
from approvals.elevation import give, missing
from audit.tables import Event

pytestmark = pytest.mark.parametrize("empty_db", ["sqlite"], indirect=True)


def by_hand(road: Road, tool: str, **args: object) -> str:
    """The same person asks in a form instead of a message."""
    with road.db.transaction() as session:
        return propose_by_hand(
            session, road.deps.log, Proposed(tool, "1.0.0", args), key="1", principal_id="ana",
            workspace_id="T0PRACTICE", channel="C0SUPPORT", thread_ts=None, now=road.clock.now(),
        ).id  # fmt: skip


def test_what_one_automation_has_under_way_another_does_not_repeat(road: Road, till: Till) -> None:
    office = road.changed(automations={"support-morning": ("*",)})
    till.faults.append(Fault("POST /letter", "drop_after"))
    first = office.propose("till.letter", to="finn@lindqvist.example", text="hello")
    office.prepare(first)
    assert office.status(first) == "unknown"

    second = office.propose(
        "till.letter", "turn_2", to="finn@lindqvist.example", text="hello again"
    )
    office.set(second, automation="support-morning")

    assert office.prepare(second) == "awaiting"
    assert (office.row(second).verdict or {})["reason"].startswith("the same thing has an unclear")
    assert till.effects("/letter") == 1


def test_the_log_names_the_person_whatever_acted(road: Road) -> None:
    found = [road.propose("till.order", sku="SKU-1", quantity=3)]
    found.append(by_hand(road, "till.order", sku="SKU-1", quantity=5))

    with road.db.read() as session:
        query = select(Event.actor).where(Event.type == "approvals:action:proposed")
        actors = set(session.exec(query))

    assert actors == {"ana"}
    assert {road.row(action_id).principal_id for action_id in found} == {"ana"}


def test_a_scope_given_to_one_automation_is_no_other_ones(road: Road) -> None:
    now = road.clock.now()
    asked = road.propose("till.order", sku="SKU-1", quantity=3)
    with road.db.transaction() as session:
        give(
            session, road.deps.log, action=road.row(asked), holder="automation:support-morning",
            scope="till:write", until=now + timedelta(hours=1), now=now,
        )  # fmt: skip
    ana = road.deps.people.by_id("ana")
    assert ana is not None

    with road.db.read() as session:
        lacking = {
            automation: missing(
                session, ana, ["till:write"], workspace_id="T0PRACTICE", automation=automation,
                own=(), now=now,
            )
            for automation in ("support-morning", "finance-evening")
        }  # fmt: skip

    assert lacking["support-morning"] is None
    assert lacking["finance-evening"] is not None
