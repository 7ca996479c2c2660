"""What is looked at before anything is sent, and never after."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pausing import paused_before, woken
from road import PEOPLE, POLICY, Road
from sqlalchemy import delete
from sqlmodel import col
from till import Fault, Till

from approvals import switches
from approvals.people import People
from approvals.policy.file import parse_policy
from approvals.tables import Grant
from core.clock import FileClock
from core.db import Database
from core.ids import derive_id
from tools.bounded import Bounded
from tools.limits import Limits
from tools.registry import Registry

FULL = {"order": "4711", "minor": 18_000}


def stop(road: Road, scope: str) -> None:
    with road.db.transaction() as session:
        switches.stop(
            session,
            road.deps.log,
            scope=scope,
            workspace_id="T0PRACTICE",
            by="olga",
            now=road.clock.now(),
        )


def test_facts_that_changed_since_the_approval_are_asked_about_anew(road: Road, till: Till) -> None:
    action_id = road.approved("till.refund", order="4711", minor=9_000)
    till.refunded["4711"] = 9_000
    road.wait(60)

    assert road.execute(action_id) == "superseded"

    newer = road.head(action_id)
    assert newer.id != action_id
    assert newer.status == "proposed"
    assert road.prepare(newer.id) == "awaiting"
    assert road.head(action_id).facts == {"paid": 18_000, "refunded": 9_000}
    assert till.calls("/refund") == 0
    assert road.open_jobs("turn_1") == []


def test_what_became_impossible_meanwhile_is_said_not_done(road: Road, till: Till) -> None:
    action_id = road.approved("till.refund", **FULL)
    del till.paid["4711"]
    road.wait(60)

    assert road.execute(action_id) == "superseded"
    assert road.prepare(road.head(action_id).id) == "failed"

    assert road.head(action_id).outcome == {
        "status": "failed",
        "code": "no_such_order",
        "message": "The till refuses: no_such_order.",
    }


def test_facts_are_never_read_again_once_the_intent_stands(road: Road, till: Till) -> None:
    action_id = road.approved("till.refund", **FULL)
    road.wait(60)
    till.faults.append(Fault("POST /refund", "drop_after"))
    assert road.execute(action_id) == "held"
    looks = till.calls("/balance", "GET")

    road.wait(1)

    assert road.execute(action_id) == "succeeded"
    assert till.calls("/balance", "GET") == looks
    assert till.effects("/refund") == 1


def test_what_the_policy_refuses_by_then_is_not_begun(road: Road, till: Till) -> None:
    at = f"{road.clock.now().astimezone(ZoneInfo('Europe/Berlin')):%H:%M}"
    until = f"{road.clock.now().astimezone(ZoneInfo('Europe/Berlin')) + timedelta(hours=1):%H:%M}"
    day = f"  - {{name: night, tool: till.refund, between: '{until}-{at}', deny: true}}\n"
    rules = parse_policy(POLICY + day, Path("policy.yaml"))
    by_day = road.changed(policy=rules)
    action_id = by_day.approved("till.refund", **FULL)

    by_day.wait(3_660)

    assert by_day.execute(action_id) == "denied"
    assert till.calls("/refund") == 0


def test_facts_just_read_are_not_read_twice(road: Road, till: Till) -> None:
    action_id = road.approved("till.refund", **FULL)

    assert road.execute(action_id) == "succeeded"

    assert till.calls("/balance", "GET") == 1


@pytest.mark.chaos
@pytest.mark.parametrize("empty_db", ["sqlite"], indirect=True)
def test_a_worker_held_up_before_its_claim_does_not_act_on_old_facts(
    db: Database, till: Till, tmp_path: Path
) -> None:
    clock_file = tmp_path / "clock"
    road = Road.over(db, FileClock(clock_file), till.url)
    action_id = road.approved("till.refund", order="4711", minor=9_000)
    worker = paused_before("claim", road, till, clock_file, action_id)

    till.refunded["4711"] = 5_000
    clock_file.write_text("30")

    assert woken(worker) == "held"
    assert till.calls("/refund") == 0
    assert road.open_jobs(action_id) == ["execute"]
    assert road.execute(action_id) == "superseded"
    assert till.calls("/refund") == 0


def test_a_slow_system_is_acted_on_from_when_its_facts_came(road: Road, till: Till) -> None:
    action_id = road.approved("till.refund", **FULL)
    road.wait(60)
    slow = road.changed(bounded=Slow(road, seconds=1.9), limits=Limits(facts_age_s=1.0))

    assert slow.execute(action_id) == "succeeded"


def test_facts_that_lay_with_a_worker_held_up_count_from_when_it_asked(
    road: Road, till: Till
) -> None:
    action_id = road.approved("till.refund", **FULL)
    road.wait(60)
    held_up = road.changed(bounded=Slow(road, seconds=30))

    assert held_up.execute(action_id) == "held"
    assert till.calls("/refund") == 0
    assert held_up.execute(action_id) == "succeeded"


class Slow(Bounded):
    """Its first call comes back only so many seconds later."""

    def __init__(self, road: Road, *, seconds: float) -> None:
        super().__init__(max_stuck=1)
        self._road, self._seconds = road, seconds

    def call(self, work: Any, *, timeout_s: float, lane: str = "") -> Any:
        result = super().call(work, timeout_s=timeout_s, lane=lane)
        self._road.wait(self._seconds)
        self._seconds = 0.0
        return result


def test_a_counterpart_that_is_down_before_the_start_is_waited_for(road: Road, till: Till) -> None:
    action_id = road.approved("till.refund", **FULL)
    road.wait(60)
    till.faults.append(Fault("GET /balance", "drop_before", times=2))

    answers = [road.execute(action_id) for _ in range(3)]

    assert answers == ["held", "held", "succeeded"]
    assert till.effects("/refund") == 1


def test_a_counterpart_that_stays_down_lets_go_of_it_visibly(road: Road, till: Till) -> None:
    patient = Road.over(road.db, road.clock, till.url, max_starts=3)
    action_id = patient.approved("till.refund", **FULL)
    patient.wait(60)
    till.faults.append(Fault("GET /balance", "drop_before", times=99))

    answers = [patient.execute(action_id) for _ in range(3)]

    assert answers == ["held", "held", "cancelled"]
    assert patient.reasons(action_id)[-1] == "The till does not answer. Nothing was done."
    assert patient.open_jobs("turn_1") == ["run_turn"]


@pytest.mark.parametrize(
    "scope",
    [
        "all",
        "automation:assistant",
        "conversation:" + derive_id("conv", "T0PRACTICE", "C0SUPPORT", "1.1"),
    ],
)
def test_a_stop_holds_what_is_approved_and_not_begun_until_it_is_lifted(
    road: Road, till: Till, scope: str
) -> None:
    action_id = road.approved("till.refund", **FULL)
    stop(road, scope)

    held = [road.execute(action_id), road.execute(action_id)]
    road.wait(3_600)
    with road.db.transaction() as session:
        switches.release(
            session,
            road.deps.log,
            scope=scope,
            workspace_id="T0PRACTICE",
            by="olga",
            now=road.clock.now(),
        )
    calls = till.calls("/refund")

    assert held == ["held", "held"]
    assert calls == 0
    assert road.open_jobs(action_id) == ["execute"]
    assert road.execute(action_id) == "succeeded"
    assert till.effects("/refund") == 1


def test_a_stop_that_outlasts_the_permission_ends_it_and_says_so(road: Road, till: Till) -> None:
    action_id = road.approved("till.refund", **FULL)
    stop(road, "all")
    road.wait(86_000)
    assert road.execute(action_id) == "held"
    road.wait(400)

    assert road.execute(action_id) == "expired"

    row = road.row(action_id)
    assert row.outcome is not None
    assert row.outcome["message"] == (
        "Not done: Olga stopped everything, and it did not begin within 24 hours of being "
        "permitted. If it is still wanted, please ask for it again."
    )
    assert road.posts(action_id, "notice") == 1
    assert road.open_jobs(action_id) == []
    with road.db.transaction() as session:
        switches.release(
            session,
            road.deps.log,
            scope="all",
            workspace_id="T0PRACTICE",
            by="olga",
            now=road.clock.now(),
        )
    assert road.execute(action_id) == "expired"
    assert till.effects("/refund") == 0
    assert "run_turn" in road.open_jobs("turn_1")


def test_what_a_stop_held_is_asked_anew_when_the_facts_changed_meanwhile(
    road: Road, till: Till
) -> None:
    action_id = road.approved("till.refund", order="4711", minor=9_000)
    stop(road, "all")
    road.execute(action_id)
    till.refunded["4711"] = 9_000
    road.wait(3_600)

    assert road.execute(action_id) == "superseded"


def test_the_stop_of_one_automation_leaves_the_others(road: Road, till: Till) -> None:
    """R150."""
    held = road.approved("till.refund", order="4711", minor=100)
    other = road.approved("till.refund", "turn_2", order="4711", minor=200)
    road.set(held, automation="evening")
    stop(road, "automation:evening")

    assert road.execute(held) == "held"
    assert road.execute(other) == "succeeded"


def test_the_stop_of_one_piece_of_work_drops_what_has_not_begun(road: Road, till: Till) -> None:
    action_id = road.approved("till.refund", **FULL)
    stop(road, "turn:turn_1")
    stop(road, "all")

    assert road.execute(action_id) == "cancelled"

    assert till.calls("/refund") == 0
    assert road.reasons(action_id)[-1].startswith("Olga stopped ")
    assert road.grant(action_id).consumed_at is None  # type: ignore[union-attr]


def test_a_stop_does_not_cut_off_what_has_begun(road: Road, till: Till) -> None:
    action_id = road.approved("till.refund", **FULL)
    till.faults.append(Fault("POST /refund", "drop_after"))
    road.execute(action_id)
    stop(road, "all")
    road.wait(1)

    assert road.execute(action_id) == "succeeded"
    assert till.effects("/refund") == 1


def test_a_permission_is_used_up_by_its_first_use(road: Road, till: Till) -> None:
    action_id = road.approved("till.refund", **FULL)
    road.execute(action_id)
    road.set(action_id, status="approved", lease_until=None, attempt=0)

    assert road.execute(action_id) == "expired"

    assert road.reasons(action_id)[-1] == "Not done: this permission was used already"
    assert till.effects("/refund") == 1


def test_without_a_permission_nothing_runs(road: Road, till: Till) -> None:
    action_id = road.approved("till.refund", **FULL)
    with road.db.transaction() as session:
        session.execute(delete(Grant).where(col(Grant.action_id) == action_id))

    assert road.execute(action_id) == "expired"

    assert till.calls("/refund") == 0


def test_arguments_changed_in_the_table_are_not_what_was_permitted(road: Road, till: Till) -> None:
    action_id = road.approved("till.refund", order="4711", minor=100)
    road.set(action_id, args={"order": "4711", "minor": 18_000})

    assert road.execute(action_id) == "superseded"
    assert road.prepare(road.head(action_id).id) == "awaiting"
    assert till.calls("/refund") == 0


def test_an_approver_who_lost_the_right_does_not_count_any_more(road: Road, till: Till) -> None:
    action_id = road.approved("till.refund", **FULL)
    people = People.parse(PEOPLE.replace("finance: [finn]", "finance: [olga]"), Path("p.yaml"))
    later = road.changed(people=people)

    assert later.execute(action_id) == "superseded"

    assert later.prepare(later.head(action_id).id) == "awaiting"
    assert till.calls("/refund") == 0


def test_a_policy_that_now_denies_is_obeyed(road: Road, till: Till) -> None:
    """R51, R142."""
    action_id = road.approved("till.refund", **FULL)
    policy = POLICY + "  - {name: closed, tool: till.refund, deny: true, why: the till is closed}\n"
    later = road.changed(policy=parse_policy(policy, Path("policy.yaml")))

    assert later.execute(action_id) == "denied"

    assert later.reasons(action_id)[-1] == "Not allowed any more: the till is closed"
    assert till.calls("/refund") == 0


def test_a_policy_that_now_asks_more_asks_anew(road: Road, till: Till) -> None:
    action_id = road.approved("till.refund", **FULL)
    policy = POLICY.replace(
        "tool: till.refund, who: group:finance", "tool: till.refund, who: person:olga"
    )
    later = road.changed(policy=parse_policy(policy, Path("policy.yaml")))

    assert later.execute(action_id) == "superseded"
    assert later.prepare(later.head(action_id).id) == "awaiting"
    assert later.decide(later.head(action_id).id, person="finn").outcome == "not_allowed"


def test_a_changed_policy_that_asks_the_same_lets_it_go_on(road: Road, till: Till) -> None:
    action_id = road.approved("till.refund", **FULL)
    policy = POLICY + "  - {name: others, tool: other.tool, deny: true}\n"
    later = road.changed(policy=parse_policy(policy, Path("policy.yaml")))

    assert later.execute(action_id) == "succeeded"


def test_an_old_permission_expires(road: Road, till: Till) -> None:
    action_id = road.approved("till.refund", **FULL)
    road.wait(25 * 3_600)

    assert road.execute(action_id) == "expired"
    assert till.calls("/refund") == 0


def test_a_hold_is_waited_for(road: Road, till: Till) -> None:
    action_id = road.approved("till.refund", **FULL)
    road.set(action_id, not_before=road.clock.now() + timedelta(seconds=30))

    assert road.execute(action_id) == "held"
    road.wait(30)
    assert road.execute(action_id) == "succeeded"


def test_more_calls_a_minute_than_declared_wait_their_turn(road: Road, till: Till) -> None:
    """R70."""
    (connector,) = road.deps.registry.connectors
    slow = tuple(replace(tool, per_minute=2) for tool in connector.tools)
    later = road.changed(registry=Registry.of([replace(connector, tools=slow)]))
    ids = [later.propose("till.balance", turn=f"turn_{n}", order="4711") for n in range(3)]

    for action_id in ids:
        later.prepare(action_id)
    assert [later.status(action_id) for action_id in ids] == ["succeeded", "succeeded", "allowed"]

    later.wait(61)
    assert later.execute(ids[2]) == "succeeded"


def test_a_tool_that_is_gone_denies_what_has_not_begun(road: Road, till: Till) -> None:
    action_id = road.approved("till.refund", **FULL)
    later = road.changed(registry=Registry.of([]))

    assert later.execute(action_id) == "denied"


def test_a_tool_that_is_gone_leaves_what_has_begun_to_a_person(road: Road, till: Till) -> None:
    action_id = road.approved("till.refund", **FULL)
    till.faults.append(Fault("POST /refund", "drop_after"))
    road.execute(action_id)
    later = road.changed(registry=Registry.of([]))
    later.wait(1)

    assert later.execute(action_id) == "unknown"
    assert later.posts(action_id, "question") == 1


@pytest.mark.parametrize("empty_db", ["sqlite"], indirect=True)
def test_four_eyes_that_policy_wants_since_are_asked_for(road: Road) -> None:
    """P5: entitled is who would be heard by the policy at the end, not who was at the click."""
    own = PEOPLE.replace("finance: [finn]", "finance: [ana, finn]")
    lax = POLICY.replace("who: group:finance, why", "who: group:finance, four_eyes: false, why")
    before = road.changed(
        people=People.parse(own, Path("people.yaml")),
        policy=parse_policy(lax, Path("policy.yaml")),
    )
    action_id = before.propose("till.refund", **FULL)
    before.prepare(action_id)
    assert before.decide(action_id, person="ana").outcome == "approved"

    after = before.changed(policy=parse_policy(POLICY, Path("policy.yaml")))

    assert after.execute(action_id) == "superseded"
    assert after.prepare(after.head(action_id).id) == "awaiting"
