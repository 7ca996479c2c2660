"""The ledger held against the counterpart's own record (R89 to R92, R223)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pausing import paused_before, woken
from road import Road
from sqlmodel import col, select
from till import Fault, Till

from approvals.tables import Action
from approvals.unknowns import answer_unknown
from core.clock import FileClock
from core.db import Database
from core.posts import Post
from tests.conftest import NOW
from tools import findings
from tools.backlog import backlog, tell_old
from tools.calling import key_of
from tools.due import queue_comparisons
from tools.findings import NoSuchFinding
from tools.proof import Look
from tools.reconcile import Reconciler
from tools.registry import Registry


def ordered(road: Road, number: int = 1) -> str:
    action_id = road.propose("till.order", turn=f"turn_{number}", sku=f"SKU-{number}", quantity=1)
    road.prepare(action_id)
    return action_id


def compare(road: Road, tool: str = "till.order") -> list[tuple[str, str | None]]:
    """One comparison once all has settled; (kind, action) of every finding that is open then."""
    assert Reconciler(road.deps).run(tool) == "compared"
    return found(road)


def found(road: Road) -> list[tuple[str, str | None]]:
    with road.db.read() as session:
        rows = findings.open_findings(session, workspace_id="T0PRACTICE")
    return [(row.kind, row.action_id) for row in rows]


def told(road: Road) -> list[tuple[str, str]]:
    """To whom what was written, besides what belongs to actions."""
    with road.db.read() as session:
        actions = select(Action.id)
        query = select(Post).where(Post.kind == "notice", col(Post.subject).not_in(actions))
        return [(post.channel, str(post.body["text"])) for post in session.exec(query)]


def test_what_agrees_is_compared_and_nothing_is_found(road: Road, till: Till) -> None:
    ids = [ordered(road, number) for number in (1, 2)]
    with road.db.read() as session:
        before = backlog(session, road.deps.registry, workspace_id="T0PRACTICE")
    road.wait(200)

    assert compare(road) == []

    with road.db.read() as session:
        after = backlog(session, road.deps.registry, workspace_id="T0PRACTICE")
    assert [(one.tool, one.waiting) for one in before] == [("till.refund", 0), ("till.order", 2)]
    assert [(one.tool, one.waiting) for one in after] == [("till.refund", 0), ("till.order", 0)]
    assert {road.status(action_id) for action_id in ids} == {"succeeded"}
    assert told(road) == []


def test_an_effect_without_an_action_is_told_to_the_operator_once(road: Road, till: Till) -> None:
    """R90."""
    ordered(road)
    till.orders["or_9"] = {"reference": "f" * 64, "sku": "SKU-9", "quantity": 1}
    road.wait(200)

    assert [compare(road), compare(road)] == [[("unasked", None)]] * 2

    ((channel, text),) = told(road)
    assert channel == "U0OLGA"
    assert "an order (or_9)" in text
    assert "signoff findings settle find_" in text


@pytest.mark.parametrize("key", [None, "", "abc", "no hex at all"])
def test_an_effect_whose_key_is_none_of_ours_is_a_strangers(
    road: Road, till: Till, key: Any
) -> None:
    ordered(road)
    till.orders["or_9"] = {"reference": key, "sku": "SKU-9", "quantity": 1}
    road.wait(200)

    assert compare(road) == [("unasked", None)]


def test_an_action_without_its_effect_is_found_and_settles_itself_when_it_shows(
    road: Road, till: Till
) -> None:
    action_id = ordered(road)
    lost = till.orders.pop("or_1")

    assert compare(road) == []  # it may not be shown yet
    road.wait(121)
    assert compare(road) == [("missing", action_id)]
    till.orders["or_1"] = lost
    road.wait(300)
    assert compare(road) == []


def test_an_effect_the_ledger_calls_failed_is_found(road: Road, till: Till) -> None:
    action_id = ordered(road)
    road.set(action_id, status="failed")
    road.wait(200)

    assert compare(road) == [("contrary", action_id)]


def test_what_is_under_way_is_left_alone(road: Road, till: Till) -> None:
    action_id = road.propose("till.order", sku="SKU-1", quantity=1)
    till.faults.append(Fault("POST /order", "drop_after"))
    road.prepare(action_id)
    assert road.status(action_id) == "executing"
    road.wait(30)

    assert compare(road) == []
    assert road.status(action_id) == "executing"


def unknown_refund(road: Road, till: Till, *, arrives: bool) -> str:
    """Refused on its second call after the first was lost: nobody here can tell."""
    action_id = road.approved("till.refund", order="4711", minor=100)
    lost = "drop_after" if arrives else "drop_before"
    till.faults += [Fault("POST /refund", lost), Fault("POST /refund", "status", status=409)]
    road.execute(action_id)
    road.wait(1)
    assert road.execute(action_id) == "unknown"
    return action_id


def test_late_proof_settles_what_nobody_knew(road: Road, till: Till) -> None:
    action_id = unknown_refund(road, till, arrives=True)

    assert compare(road, "till.refund") == []

    row = road.row(action_id)
    assert (row.status, row.outcome and row.outcome["summary"]) == (
        "succeeded",
        "Refund EUR 1.00 for 4711: done (re_1)",
    )
    assert "run_turn" in road.open_jobs("turn_1")
    assert told(road) == []


def test_no_proof_leaves_it_to_the_person(road: Road, till: Till) -> None:
    action_id = unknown_refund(road, till, arrives=False)
    road.wait(100_000)

    assert compare(road, "till.refund") == []
    assert road.status(action_id) == "unknown"


@pytest.mark.parametrize(
    ("arrives", "status", "looked"),
    [
        (True, "succeeded", None),
        (False, "unknown", "The other system's own record does not show it."),
    ],
)
def test_look_again_looks_into_the_record(
    road: Road, till: Till, arrives: bool, status: str, looked: str | None
) -> None:
    action_id = unknown_refund(road, till, arrives=arrives)
    assert (road.row(action_id).outcome or {})["can_look"]

    assert Look(road.deps).run(action_id) == status
    assert (road.row(action_id).outcome or {}).get("looked") == looked


def test_look_again_verifies_where_it_can_and_absence_counts_only_after_settle(
    road: Road, till: Till
) -> None:
    action_id = ordered(road)
    del till.orders["or_1"]
    road.set(action_id, status="unknown", settled_at=None, outcome={"can_look": True})

    assert Look(road.deps).run(action_id) == "unknown"
    assert (road.row(action_id).outcome or {})["looked"].startswith("I do not find it")
    road.wait(120)
    assert Look(road.deps).run(action_id) == "failed"
    assert Look(road.deps).run(action_id) == "failed"


def test_a_look_while_the_system_is_down_says_so(road: Road, till: Till) -> None:
    action_id = unknown_refund(road, till, arrives=True)
    till.faults.append(Fault("GET /record", "status", status=503))

    assert Look(road.deps).run(action_id) == "unknown"
    assert (road.row(action_id).outcome or {})["looked"] == "The till has trouble."


def test_a_record_that_cannot_be_read_is_behind_and_told_after_an_hour(
    road: Road, till: Till
) -> None:
    """R92."""
    ordered(road)
    till.faults.append(Fault("GET /record", "status", times=3, status=503))

    assert Reconciler(road.deps).run("till.order") == "behind"
    assert told(road) == []
    for _ in range(2):
        road.wait(3600)
        assert Reconciler(road.deps).run("till.order") == "behind"
    with road.db.read() as session:
        (_, order) = backlog(session, road.deps.registry, workspace_id="T0PRACTICE")
    assert (order.waiting, order.oldest, order.failing_since) == (1, NOW, NOW)
    assert [channel for channel, _text in told(road)] == ["U0OLGA"]

    assert compare(road) == []


def test_a_finding_is_settled_once_with_its_reason_in_the_log(road: Road, till: Till) -> None:
    ordered(road)
    till.orders["or_9"] = {"reference": "f" * 64, "sku": "SKU-9", "quantity": 1}
    road.wait(200)
    compare(road)
    with road.db.read() as session:
        (row,) = findings.open_findings(session, workspace_id="T0PRACTICE")

    with road.db.transaction() as session:
        with pytest.raises(findings.NoSuchFinding):
            findings.settle(
                session, road.deps.log, row.id, workspace_id="T0OTHER", by="olga", reason="x",
                now=NOW,
            )  # fmt: skip
        findings.settle(
            session, road.deps.log, row.id, workspace_id="T0PRACTICE", by="olga",
            reason="Finn did it", now=road.clock.now(),
        )  # fmt: skip

    with road.db.transaction() as session, pytest.raises(NoSuchFinding):
        findings.settle(
            session, road.deps.log, row.id, workspace_id="T0PRACTICE", by="olga", reason="x",
            now=NOW,
        )  # fmt: skip
    assert compare(road) == []


def test_it_is_queued_once_while_nobody_does_it(road: Road) -> None:
    """R90."""

    def queue(at: timedelta) -> int:
        with road.db.transaction() as session:
            return queue_comparisons(
                session, road.deps.registry, "T0PRACTICE", now=NOW + at, every_s=300
            )

    assert queue(timedelta()) == 2
    assert queue(timedelta(seconds=300)) == 0
    Reconciler(road.deps).run("till.order")
    assert queue(timedelta(seconds=301)) == 1


@pytest.mark.chaos
@pytest.mark.parametrize("empty_db", ["sqlite"], indirect=True)
def test_what_a_paused_worker_sent_late_is_found(db: Database, till: Till, tmp_path: Path) -> None:
    """SIGSTOP between its last check and its send, longer than its lease and `settle`."""
    clock_file = tmp_path / "clock"
    road = Road.over(db, FileClock(clock_file), till.url)
    action_id = road.propose("till.order", sku="SKU-1", quantity=1)
    assert road.prepare_only(action_id) == "allowed"
    worker = paused_before("send", road, till, clock_file, action_id)
    for later in (30, 120):
        clock_file.write_text(str(later))
        road.execute(action_id)
    assert road.status(action_id) == "succeeded"
    before = road.row(action_id).model_dump()

    assert woken(worker) == "stale"
    clock_file.write_text("400")

    assert road.row(action_id).model_dump() == before
    assert [order["reference"] for order in till.orders.values()] == [key_of(action_id)] * 2
    assert compare(road) == [("twice", action_id)]
    ((_channel, text),) = told(road)
    assert "2 times, last as an order (or_2)" in text


def answered(road: Road, action_id: str, *, happened: bool) -> str:
    with road.db.transaction() as session:
        return answer_unknown(
            session,
            road.deps.log,
            action_id=action_id,
            person=road.deps.people.by_id("olga"),
            happened=happened,
            now=road.clock.now(),
        ).outcome


def settling(road: Road) -> Road:
    """The same till, whose refunds may be worked on for a minute."""
    till = road.deps.registry.connectors[0]
    tools = [replace(t, settle_s=60.0) if t.name == "till.refund" else t for t in till.tools]
    return road.changed(registry=Registry.of([replace(till, tools=tuple(tools))]))


def test_nobody_says_no_while_the_other_side_may_still_be_at_work(road: Road, till: Till) -> None:
    road = settling(road)
    action_id = road.approved("till.refund", order="4711", minor=100)
    till.faults += [Fault("POST /refund", "late"), Fault("POST /refund", "status", status=409)]
    road.execute(action_id)
    road.wait(1)
    assert road.execute(action_id) == "unknown"

    assert answered(road, action_id, happened=False) == "too_early"
    assert road.open_jobs(action_id) == ["look"]

    till.finish_late()
    road.wait(70)

    # It looks again by itself when that time is over.
    assert Look(road.deps).run(action_id) == "succeeded"
    assert road.open_jobs(action_id).count("look") == 0
    assert compare(road, "till.refund") == []


def test_an_effect_that_landed_after_a_person_said_it_had_not_happened_is_found(
    road: Road, till: Till
) -> None:
    """Later than the other side said that it could: the answer was untrue, and that is told."""
    road = settling(road)
    action_id = road.approved("till.refund", order="4711", minor=100)
    till.faults += [Fault("POST /refund", "late"), Fault("POST /refund", "status", status=409)]
    road.execute(action_id)
    road.wait(1)
    assert road.execute(action_id) == "unknown"
    road.wait(70)
    assert Look(road.deps).run(action_id) == "unknown"
    assert answered(road, action_id, happened=False) == "settled"
    assert compare(road, "till.refund") == []

    till.finish_late()

    assert compare(road, "till.refund") == [("contrary", action_id)]
    ((_channel, text),) = told(road)
    assert "but I have “Refund EUR 1.00 for 4711” as failed" in text


def test_a_backlog_that_nobody_works_off_is_told_once_a_day(road: Road, till: Till) -> None:
    def tell() -> int:
        with road.db.transaction() as session:
            return tell_old(
                session,
                road.deps.registry,
                road.deps.people,
                older_than=timedelta(hours=1),
                now=road.clock.now(),
            )

    ordered(road)
    ordered(road, 2)
    road.wait(3600)
    assert tell() == 0
    road.wait(1)

    assert [tell(), tell()] == [1, 1]
    ((channel, text),) = told(road)
    assert channel == "U0OLGA"
    assert text.startswith("2 effects of till.order are not compared with till's own record yet")
    road.wait(86_400)
    assert tell() == 1
    assert len(told(road)) == 2

    assert compare(road) == []
    assert tell() == 0


def test_what_never_reached_the_other_system_is_no_backlog(road: Road, till: Till) -> None:
    action_id = road.propose("till.order", sku="SKU-1", quantity=1)
    road.set(action_id, status="failed", settled_at=road.clock.now())

    with road.db.read() as session:
        (_, order) = backlog(session, road.deps.registry, workspace_id="T0PRACTICE")
    assert (order.waiting, order.oldest) == (0, None)
