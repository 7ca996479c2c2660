"""A record that takes longer than one job may: it is compared in pieces, and in the end (R90)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest
from road import Road
from till import Till

from core.outbox import open_rows
from tools import findings
from tools.calling import key_of
from tools.contract import Call, Parts, Record, Recorded, Tool, Unavailable
from tools.due import queue_comparisons
from tools.reconcile import Reconciler
from tools.registry import Registry

JOB_S = 12.0


@dataclass
class SlowSystem:
    """Calendars that take their time to answer; the clock of the test stands still besides."""

    road: Road
    till: Till
    takes_s: float
    shows: dict[str, list[Recorded]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    hangs: str = ""
    lost: set[str] = field(default_factory=set)

    def names(self, _within: float) -> Sequence[str]:
        self._took("names")
        return sorted(self.shows)

    def read(self, of: str, _since: datetime, _within: float) -> Sequence[Recorded]:
        if of == self.hangs:
            raise Unavailable("The calendar does not answer.", reached=True)
        self._took(of)
        return self.shows[of]

    def lacks(self, _args: Any, call: Call) -> bool:
        self._took("one")
        return call.action_id in self.lost

    def compared(self) -> Road:
        """The road whose orders are kept in these calendars."""
        parts = Parts(self.names, self.read)
        record = Record(lambda _since, _within: (), lacks=self.lacks, parts=parts)
        return with_orders(self.road, lambda tool: replace(tool, record=record))

    def _took(self, what: str) -> None:
        self.asked.append(what)
        self.road.wait(self.takes_s)


def with_orders(road: Road, change: Callable[[Tool], Tool]) -> Road:
    till = road.deps.registry.connectors[0]
    tools = [change(tool) if tool.name == "till.order" else tool for tool in till.tools]
    return road.changed(registry=Registry.of([replace(till, tools=tuple(tools))]))


def ordered(road: Road, number: int) -> str:
    action_id = road.propose("till.order", turn=f"turn_{number}", sku=f"SKU-{number}", quantity=1)
    road.prepare(action_id)
    assert road.status(action_id) == "succeeded"
    road.wait(1)
    return action_id


def found(road: Road) -> list[tuple[str, str | None, str]]:
    with road.db.read() as session:
        rows = findings.open_findings(session, workspace_id="T0PRACTICE")
    return [(row.kind, row.action_id, row.reference) for row in rows]


def jobs(road: Road, most: int = 40) -> list[str]:
    """Queued as the keeper queues it, and run until nothing of it is queued any more."""
    with road.db.transaction() as session:
        queue_comparisons(
            session, road.deps.registry, "T0PRACTICE", now=road.clock.now(), every_s=300
        )
    said = []
    while len(said) < most:
        with road.db.read() as session:
            if not open_rows(session, job="reconcile", subject="till.order"):
                break
        before = road.clock.now()
        said.append(Reconciler(road.deps).run("till.order"))
        assert (road.clock.now() - before).total_seconds() < JOB_S
    return said


def test_a_slow_record_is_compared_in_the_end_each_part_once(road: Road, till: Till) -> None:
    """Twelve calendars of four seconds each: no job could ever read them all."""
    slow = SlowSystem(road, till, takes_s=4.0)
    slow.shows = {f"c{number:02}": [] for number in range(12)}
    slow.shows["c11"] = [Recorded("f" * 64, "or_99", "an order", road.clock.now())]
    compared = slow.compared()
    ordered(compared, 1)
    road.wait(200)

    said = jobs(compared)

    assert said == ["partly"] * (len(said) - 1) + ["compared"]
    assert slow.asked == ["names", *sorted(slow.shows), "one"]
    assert found(road) == [("unasked", None, "or_99")]
    road.wait(300)
    assert jobs(compared)[-1] == "compared"
    assert slow.asked.count("c11") == 2


def test_what_is_looked_for_one_by_one_is_looked_for_in_the_end(road: Road, till: Till) -> None:
    slow = SlowSystem(road, till, takes_s=0.0)
    compared = slow.compared()
    ids = [ordered(compared, number) for number in range(8)]
    slow.lost = {ids[-1]}
    road.wait(200)
    slow.takes_s = 4.0

    said = jobs(compared)

    assert said == ["partly"] * (len(said) - 1) + ["compared"]
    assert slow.asked.count("one") == len(ids)
    assert found(road) == [("missing", ids[-1], "")]


def test_a_part_that_cannot_be_read_loses_nothing_of_those_before(road: Road, till: Till) -> None:
    slow = SlowSystem(road, till, takes_s=0.1)
    slow.shows = {"a": [], "b": [], "c": []}
    compared = slow.compared()
    ordered(compared, 1)
    road.wait(200)
    slow.hangs = "b"

    assert jobs(compared) == ["behind"]
    slow.hangs = ""
    road.wait(300)
    assert jobs(compared) == ["compared"]

    assert slow.asked == ["names", "a", "b", "c", "one"]


@pytest.mark.parametrize("status", ["approved", "awaiting", "allowed"])
def test_what_a_restored_database_does_not_know_to_be_done_is_not_done_again(
    road: Road, till: Till, status: str
) -> None:
    """The copy is older than the effect: it was made under the same key, and the ledger has it as
    not begun."""
    tool = "till.order" if status == "allowed" else "till.refund"
    if status == "allowed":
        action_id = road.propose(tool, sku="SKU-1", quantity=1)
        road.prepare_only(action_id)
        till.orders["or_1"] = {"reference": key_of(action_id)}
    elif status == "approved":
        action_id = road.approved(tool, order="4711", minor=100)
    else:
        action_id = road.propose(tool, order="4711", minor=100)
        road.prepare(action_id)
    assert road.status(action_id) == status
    till.answers[key_of(action_id)] = ("elsewhere", {"refund": "re_1"})

    assert Reconciler(road.deps).run(tool) == "compared"

    ((kind, about, _reference),) = found(road)
    assert (kind, about) == ("contrary", action_id)
    assert road.execute(action_id) == "cancelled"
    assert till.calls("/refund") == till.calls("/order") == 0
