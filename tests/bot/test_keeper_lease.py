"""One keeper keeps at a time; one that is stopped leaves its place at once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.keeper import Keeper, Loop
from core.clock import HeldClock
from core.db import Database
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
    assert first.looked.wait(10)

    first.stop()
    second = Kept(db, clock)

    # The clock stands still: the first one's lease has not run out.
    assert second.looked.wait(10)
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
        assert swept.wait(10)
        first = list(published)
        swept.clear()
        line.clear()
        assert swept.wait(10)
    finally:
        keeper.stop()
        thread.join()

    assert first == [Message("prepare", {})]
    assert published == [Message("prepare", {}), Message("run_turn", {})]


def test_a_second_keeper_stands_by(db: Database, clock: HeldClock) -> None:
    first, second = Kept(db, clock), None
    try:
        assert first.looked.wait(10)
        second = Kept(db, clock)
        first.looked.clear()
        assert first.looked.wait(10)
        assert not second.looked.is_set()
    finally:
        first.stop()
        if second:
            second.stop()
