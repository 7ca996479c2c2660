"""A system that does not answer is left alone by all workers, and tried again by one (R69, R94)."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from road import Road
from sqlmodel import select
from till import Fault, Till

from core.db import Database
from core.posts import Post
from tests.conftest import NOW
from tools import breakers, buckets
from tools.bounded import Bounded
from tools.buckets import Rate
from tools.connectors.link import Reply, _seconds
from tools.contract import Unavailable
from tools.limits import Limits
from tools.observe import observation
from tools.registry import Registry
from tools.tables import Breaker

WHY = "The till has trouble. I try again from 10:00."


def allowed(road: Road, number: int) -> str:
    """A permitted order of its own, not begun."""
    action_id = road.propose("till.order", turn=f"turn_{number}", sku=f"SKU-{number}", quantity=1)
    assert road.prepare_only(action_id) == "allowed"
    return action_id


def opened(road: Road, till: Till, failures: int = 5) -> Breaker:
    """The till fails five orders in a row: its breaker opens."""
    till.faults.append(Fault("POST /order", "status", times=failures, status=503))
    for number in range(failures):
        assert road.execute(allowed(road, number)) == "held"
    found = breaker(road)
    assert found is not None
    assert found.opened_at == road.clock.now()
    return found


def breaker(road: Road) -> Breaker | None:
    with road.db.read() as session:
        return breakers.look(session, workspace_id="T0PRACTICE", tool_name="till.order")


def told(road: Road, action_id: str) -> list[str]:
    with road.db.read() as session:
        query = select(Post).where(Post.subject == action_id, Post.kind == "notice")
        return [str(post.body["text"]) for post in session.exec(query)]


def test_after_five_calls_without_an_answer_nobody_calls_and_the_asker_is_told_once(
    road: Road, till: Till
) -> None:
    """R69."""
    waiting = allowed(road, 9)
    opened(road, till)

    assert [road.execute(waiting) for _ in range(3)] == ["held"] * 3

    assert till.calls("/order") == 5
    assert road.status(waiting) == "allowed"
    assert told(road, waiting) == [f"Order 1 of SKU-9 waits. {WHY}"]


def test_a_retry_of_what_has_begun_waits_too_and_loses_no_attempt(road: Road, till: Till) -> None:
    begun = allowed(road, 9)
    till.faults.append(Fault("POST /order", "status", status=503))
    assert road.execute(begun) == "held"
    opened(road, till, failures=4)
    road.wait(1)

    assert road.execute(begun) == "held"

    assert road.row(begun).attempt == 1
    assert till.calls("/order") == 5


def test_one_probe_at_a_time_and_an_answer_lets_all_go_on(road: Road, till: Till) -> None:
    """R69."""
    ids = [allowed(road, number) for number in (7, 8, 9)]
    opened(road, till)
    road.wait(5)
    start, answers = threading.Barrier(3), []

    def work(action_id: str) -> None:
        start.wait()
        answers.append(road.execute(action_id))

    till.faults.append(Fault("POST /order", "delay", seconds=0.5))
    threads = [threading.Thread(target=work, args=(action_id,)) for action_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == ["held", "held", "succeeded"]
    found = breaker(road)
    assert found is not None
    assert (found.failures, found.opened_at, found.probing) == (0, None, False)
    assert {road.execute(action_id) for action_id in ids} == {"succeeded"}


def test_a_probe_without_an_answer_leaves_it_open_for_longer(road: Road, till: Till) -> None:
    waiting = allowed(road, 9)
    first = opened(road, till)
    till.faults.append(Fault("POST /order", "status", times=9, status=503))
    road.wait(5)

    assert road.execute(waiting) == "held"

    after = breaker(road)
    assert after is not None
    assert first.until == NOW + timedelta(seconds=5)
    assert after.until == road.clock.now() + timedelta(seconds=10)
    assert after.opened_at == NOW


def test_a_prober_that_died_is_followed_by_another(road: Road, till: Till) -> None:
    ids = [allowed(road, 8), allowed(road, 9)]
    opened(road, till)
    road.wait(5)
    with road.db.transaction() as session:
        seen = breaker(road)
        assert seen is not None
        lasts = timedelta(seconds=9)
        assert breakers.take_probe(session, seen, lasts=lasts, now=road.clock.now())

    assert road.execute(ids[0]) == "held"
    road.wait(9)
    assert road.execute(ids[0]) == "succeeded"


def test_a_read_is_told_at_once_when_it_is_tried_again(road: Road, till: Till) -> None:
    opened(road, till)
    action_id = road.propose("till.balance", turn="turn_r", order="4711")

    assert road.prepare(action_id) == "failed"

    assert observation(road.row(action_id)) == {
        "status": "failed",
        "code": "unavailable",
        "message": WHY,
    }
    assert till.calls("/balance", "GET") == 0


def test_a_proposal_waits_for_a_while_and_is_then_given_up(road: Road, till: Till) -> None:
    opened(road, till)
    action_id = road.propose("till.refund", turn="turn_p", order="4711", minor=100)

    assert road.prepare(action_id) == "proposed"
    assert len(told(road, action_id)) == 1
    road.set(action_id, created_at=NOW - timedelta(minutes=15))
    assert road.prepare(action_id) == "failed"


def test_another_connector_goes_on(road: Road, till: Till) -> None:
    """R94."""
    (connector,) = road.deps.registry.connectors
    desk = replace(
        connector,
        name="desk",
        tools=tuple(
            replace(tool, name=tool.name.replace("till", "desk")) for tool in connector.tools
        ),
    )
    both = road.changed(registry=Registry.of([connector, desk]))
    opened(both, till)

    action_id = both.propose("desk.balance", turn="turn_d", order="4711")
    both.prepare(action_id)

    assert both.status(action_id) == "succeeded"


def test_who_asks_to_wait_is_left_alone_by_everybody_as_long(road: Road, till: Till) -> None:
    """R70."""

    def busy(_args: Any, _call: Any) -> Any:
        """Order goods."""
        raise Unavailable("The till asks to wait.", reached=False, retry_after_s=90)

    (connector,) = road.deps.registry.connectors
    tools = tuple(replace(t, run=busy) if t.name == "till.order" else t for t in connector.tools)
    asks = road.changed(registry=Registry.of([replace(connector, tools=tools)]))
    one, other = allowed(asks, 1), allowed(asks, 2)

    assert asks.execute(one) == "held"

    assert asks.row(one).next_at == NOW + timedelta(seconds=90)
    assert asks.execute(other) == "held"
    found = breaker(asks)
    assert found is not None
    assert found.until == NOW + timedelta(seconds=90)
    asks.wait(90)
    assert road.execute(other) == "succeeded"


@pytest.mark.parametrize("asked", [1e300, float("inf"), 10.0**12])
def test_nobody_waits_longer_than_an_hour_whatever_is_asked(asked: float) -> None:
    assert Limits().retry_after(asked) == timedelta(hours=1)


def test_retry_after_is_read_in_both_its_forms() -> None:
    date = {"date": "Sat, 21 Nov 2026 09:00:00 GMT"}

    def seconds(value: str, **more: str) -> float | None:
        return _seconds(Reply(503, b"", {"retry-after": value, **more}))

    assert seconds("120") == 120.0
    assert seconds("Sat, 21 Nov 2026 09:01:30 GMT", **date) == 90.0
    assert seconds("Sat, 21 Nov 2026 08:00:00 GMT", **date) == 0.0
    assert seconds("Sat, 21 Nov 2026 09:01:30 GMT") is None
    assert seconds("soon") is None
    assert seconds("9" * 400) == 999_999_999.0


def test_waits_are_drawn_between_nothing_and_twice_the_one_before() -> None:
    """R67."""
    limits = Limits()
    longest = [limits.backoff(attempt).total_seconds() for attempt in range(1, 8)]

    assert longest == [1, 2, 4, 8, 16, 30, 30]
    assert limits.backoff(3, 0.25) == timedelta(seconds=1)
    assert limits.backoff(10_000, 0.0) == timedelta()


def test_all_workers_share_what_a_connector_and_a_tool_allow(db: Database) -> None:
    """R52, R70."""
    start, taken = threading.Barrier(4), []

    def work() -> None:
        start.wait()
        for _ in range(5):
            with db.transaction() as session:
                rates = {"connector:till": Rate(7), "tool:till.order": Rate(9)}
                taken.append(buckets.take(session, workspace_id="T", rates=rates, now=NOW))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert taken.count(None) == 7
    assert {free for free in taken if free is not None} == {
        NOW + 8 * (timedelta(minutes=1) // 7) - timedelta(minutes=1)
    }


def test_a_bucket_that_is_empty_takes_nothing_from_the_others(db: Database) -> None:
    def take(rates: dict[str, Rate], at: Any = NOW) -> Any:
        with db.transaction() as session:
            return buckets.take(session, workspace_id="T", rates=rates, now=at)

    assert take({"a": Rate(1)}) is None
    assert take({"a": Rate(1), "b": Rate(1)}) == NOW + timedelta(minutes=1)
    assert take({"b": Rate(1)}) is None
    assert take({"a": Rate(1)}, NOW + timedelta(minutes=1)) is None


def test_calls_that_hang_in_one_system_leave_the_others_theirs() -> None:
    """R47, R94."""
    bounded, release = Bounded(max_stuck=1), threading.Event()
    with pytest.raises(Unavailable):
        bounded.call(release.wait, timeout_s=0.01, lane="shop")

    with pytest.raises(Unavailable, match="earlier calls"):
        bounded.call(lambda: 1, timeout_s=60, lane="shop")
    assert bounded.call(lambda: 1, timeout_s=60, lane="mail") == 1
    release.set()


def test_arguments_changed_after_the_intent_are_never_sent(road: Road, till: Till) -> None:
    action_id = allowed(road, 1)
    till.faults.append(Fault("POST /order", "drop_before"))
    assert road.execute(action_id) == "held"
    road.set(action_id, args={"sku": "SKU-1", "quantity": 900})
    road.wait(60)

    assert road.execute(action_id) == "unknown"

    assert till.calls("/order") == 1
    assert road.posts(action_id, "question") == 1


def test_a_clock_that_is_set_back_holds_nothing_up_for_as_long(road: Road, till: Till) -> None:
    """It ran a day ahead for a while: what was written then says nothing of how long to wait."""
    first, second = allowed(road, 8), allowed(road, 9)
    road.wait(86_400)
    ahead = [allowed(road, number) for number in (6, 7)]
    assert [road.execute(one) for one in ahead] == ["succeeded"] * 2
    opened(road, till)
    road.wait(-86_400)

    assert road.execute(first) == "succeeded"

    assert breaker(road).opened_at is None  # type: ignore[union-attr]
    assert road.execute(second) == "succeeded"


def test_a_bucket_taken_from_before_the_clock_was_set_back_counts_as_full() -> None:
    rate = Rate(per_minute=60)

    full_at = buckets.after_call(NOW + timedelta(days=1), rate, now=NOW)

    assert full_at == NOW + timedelta(seconds=1)
