"""One keeper keeps at a time; one that is stopped leaves its place at once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.keeper import LEASE, Keeper, Loop
from core.clock import HeldClock
from core.db import Database
from core.leases import guard, take
from core.outbox import Message, enqueue
from tests.conftest import NOW


class Kept:
    """A keeper in a thread, and a count of its looks."""

    def __init__(self, db: Database, clock: HeldClock) -> None:
        self.looked = threading.Event()
        self.keeper = Keeper(db, clock, lambda _: None, [Loop("look", 0.0, self._look)])
        self._thread = threading.Thread(target=lambda: self.keeper.run(tick_s=0.01))
        self._thread.start()

    def _look(self, _session: Session, _now: datetime) -> int:
        self.looked.set()
        return 0

    def stop(self) -> None:
        self.keeper.stop()
        self._thread.join()


def test_the_next_keeper_takes_over_when_the_first_is_stopped(
    db: Database, clock: HeldClock
) -> None:
    first = Kept(db, clock)
    assert first.looked.wait(60)

    first.stop()
    second = Kept(db, clock)

    # The clock stands still: the first one's lease has not run out.
    assert second.looked.wait(60)
    second.stop()


def test_what_waits_in_a_line_is_not_published_again_and_what_was_lost_is(
    db: Database, clock: HeldClock
) -> None:
    line, published, swept = {"run_turn"}, [], threading.Event()
    with db.transaction() as session:
        for job in ("run_turn", "prepare"):
            enqueue(session, workspace_id="T", job=job, subject="s", key="k", args={}, now=NOW)
    clock.advance(timedelta(seconds=5))

    def publish(messages: Sequence[Message]) -> None:
        published.extend(messages)
        swept.set()

    keeper = Keeper(db, clock, publish, [], lambda due: line & set(due))
    thread = threading.Thread(target=lambda: keeper.run(tick_s=0.01))
    thread.start()
    try:
        assert swept.wait(60)
        first = list(published)
        swept.clear()
        line.clear()
        assert swept.wait(60)
    finally:
        keeper.stop()
        thread.join()

    assert first == [Message("prepare", {})]
    assert published == [Message("prepare", {}), Message("run_turn", {})]


def test_a_loop_that_fails_holds_up_no_other(db: Database, clock: HeldClock) -> None:
    """What one row does to one loop must not stop expiries, retries and digests."""
    tries, looked = threading.Semaphore(0), threading.Event()

    def fails(_session: Session, _now: datetime) -> int:
        tries.release()
        raise KeyError("a row of another version")

    def looks(_session: Session, _now: datetime) -> int:
        looked.set()
        return 0

    keeper = Keeper(
        db, clock, lambda _: None, [Loop("fails", 0.0, fails), Loop("looks", 0.0, looks)]
    )
    thread = threading.Thread(target=lambda: keeper.run(tick_s=0.01))
    thread.start()
    try:
        assert looked.wait(60)
        assert tries.acquire(timeout=60)
        assert tries.acquire(timeout=60)
    finally:
        keeper.stop()
        thread.join()


def test_a_keeper_that_died_under_a_clock_set_back_since_is_not_waited_for(
    db: Database, clock: HeldClock
) -> None:
    """It was a day ahead when the first one took its lease, and was put right after it died."""
    with db.transaction() as session:
        ahead = clock.now() + timedelta(days=1)
        assert take(session, name="keeper", holder="dead", ttl=LEASE, now=ahead)

    second = Kept(db, clock)
    try:
        assert second.looked.wait(60)
    finally:
        second.stop()


def test_a_lease_of_a_machine_whose_clock_is_a_little_ahead_is_left_alone(
    db: Database, clock: HeldClock
) -> None:
    with db.transaction() as session:
        ahead = clock.now() + timedelta(minutes=4)
        held = take(session, name="keeper", holder="there", ttl=LEASE, now=ahead)
        assert held is not None

        assert take(session, name="keeper", holder="here", ttl=LEASE, now=clock.now()) is None
        guard(session, held)


def test_a_second_keeper_stands_by(db: Database, clock: HeldClock) -> None:
    first, second = Kept(db, clock), None
    try:
        assert first.looked.wait(60)
        second = Kept(db, clock)
        first.looked.clear()
        assert first.looked.wait(60)
        assert not second.looked.is_set()
    finally:
        first.stop()
        if second:
            second.stop()
