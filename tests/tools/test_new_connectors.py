"""A connector that is new to an installation does nothing until an operator let it in (R10)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from road import Road
from sqlmodel import select
from till import Till
from till_tools import connector

from approvals.actions import Proposed
from approvals.by_hand import propose_by_hand
from approvals.connectors import ADMIT, Offered, admit_first, waiting
from approvals.floors import make_floor
from audit.tables import Event
from graphs.runtime.evidence import make_evidence
from tools.admitting import AdmittedInSql, offered
from tools.connectors import signoff
from tools.contract import Connector, Ports
from tools.registry import Registry

TEAM = "T0PRACTICE"
pytestmark = pytest.mark.parametrize("empty_db", ["sqlite"], indirect=True)


def release(road: Road, *connectors: Connector) -> list[str]:
    with road.db.transaction() as session:
        return admit_first(
            session, road.deps.log, offered(connectors), workspace_id=TEAM, now=road.clock.now()
        )


def serving(road: Road, ports: Ports, *connectors: Connector) -> Road:
    """A tool worker whose code declares these connectors, and Signoff's own."""
    registry = Registry.of([*connectors, signoff.make(ports)])
    by_hand, typed = make_evidence(road.deps.people, registry), road.deps.evidence
    return road.changed(
        registry=registry,
        admitted=AdmittedInSql(TEAM),
        floor=make_floor(road.db, road.deps.people),
        evidence=lambda s, action: [*by_hand(s, action), *typed(s, action)],
    )


def logged(road: Road) -> list[str]:
    """What the log says was let in, Signoff's own left out."""
    query = select(Event).where(Event.type == "approvals:connector:admitted")
    with road.db.read() as session:
        return [e.subject for e in session.exec(query) if not e.subject.startswith("signoff")]


def newer(till: Connector) -> Connector:
    """The till's next version: the same tools, one step on."""
    tools = tuple(replace(tool, version="1.1.0") for tool in till.tools)
    return replace(till, version="1.1.0", tools=tools)


def ask(road: Road, wanted: Offered, *, by: str = "ana") -> str:
    args = {"name": wanted.name, "version": wanted.version, "tools": list(wanted.tools)}
    with road.db.transaction() as session:
        return propose_by_hand(
            session, road.deps.log, Proposed(ADMIT, "1.0.0", args), key="1", principal_id=by,
            workspace_id=TEAM, channel="C0SUPPORT", thread_ts=None, now=road.clock.now(),
        ).id  # fmt: skip


def test_what_comes_with_the_first_release_may_be_used_and_is_logged(
    road: Road, till: Till, ports: Ports
) -> None:
    assert release(road, connector(till.url)) == []
    office = serving(road, ports, connector(till.url))

    action_id = office.propose("till.refund", order="4711", minor=100)

    assert office.prepare(action_id) == "awaiting"
    assert logged(road) == ["till 1.0.0"]


def test_a_connector_that_comes_later_is_refused_before_it_is_reached(
    road: Road, till: Till, ports: Ports
) -> None:
    """R2, R10: even its reads."""
    release(road, signoff.make(ports))
    office = serving(road, ports, connector(till.url))
    before = len(till.journal)

    action_id = office.propose("till.refund", order="4711", minor=100)

    assert office.prepare(action_id) == "denied"
    assert len(till.journal) == before
    assert office.reasons(action_id)[-1] == (
        "Not allowed: till.refund 1.0.0 is new here; /signoff connector till asks an operator to "
        "let it in"
    )


def test_an_operator_lets_it_in_whatever_the_policy_says(
    road: Road, till: Till, ports: Ports
) -> None:
    """R5, R7, R10: asked of an operator, who is not the asker; then it counts at once, logged."""
    release(road, signoff.make(ports))
    office = serving(road, ports, connector(till.url))
    (new,) = offered([connector(till.url)])

    asked = ask(office, new)

    assert office.prepare(asked) == "awaiting"
    assert office.decide(asked, person="finn").outcome == "not_allowed"
    assert office.decide(asked, person="ana").outcome == "not_allowed"
    assert office.decide(asked, person="olga").outcome == "approved"
    assert office.execute(asked) == "succeeded"
    action_id = office.propose("till.refund", turn="turn_2", order="4711", minor=100)
    assert office.prepare(action_id) == "awaiting"
    assert logged(road) == ["till 1.0.0"]


def test_two_versions_act_side_by_side_once_both_were_let_in(
    road: Road, till: Till, ports: Ports
) -> None:
    """R10: as in a rolling restart; until then the older one goes on alone."""
    old, new = connector(till.url), newer(connector(till.url))
    release(road, old)
    assert release(road, new) == ["till 1.1.0"]
    before, after = serving(road, ports, old), serving(road, ports, new)
    refused = after.propose("till.refund", order="1", minor=100)
    assert after.prepare(refused) == "denied"

    asked = ask(before, offered([new])[0])
    before.prepare(asked)
    before.decide(asked, person="olga")
    assert before.execute(asked) == "succeeded"

    found = [
        office.prepare(office.propose("till.refund", turn=f"turn_{n}", order="4711", minor=n))
        for n, office in enumerate((before, after), start=2)
    ]
    assert found == ["awaiting", "awaiting"]


def test_an_approved_action_does_not_begin_in_a_version_that_was_not_let_in(
    road: Road, till: Till, ports: Ports
) -> None:
    """R10: looked at again when it begins."""
    release(road, signoff.make(ports))
    action_id = road.approved("till.refund", order="4711", minor=100)

    assert serving(road, ports, connector(till.url)).execute(action_id) == "denied"


def test_a_tool_that_declares_something_else_under_its_old_version_is_new(
    road: Road, till: Till, ports: Ports
) -> None:
    """R10: what was let in is what it declared: its effect and its scopes."""
    till_now = connector(till.url)
    release(road, till_now)
    tools = tuple(replace(tool, scopes=("till:all",)) for tool in till_now.tools)
    changed = replace(till_now, tools=tools)

    with road.db.read() as session:
        (new,) = waiting(session, offered([changed]), workspace_id=TEAM)

    assert new.name == "till"
    assert all(tool.endswith("needs till:all") for tool in new.tools)
