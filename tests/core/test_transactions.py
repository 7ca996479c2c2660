"""Transactions, the outbox and leases, on SQLite and PostgreSQL."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import SQLModel, select

from core.clock import HeldClock
from core.db import Database, after_commit, open_database
from core.errors import LeaseLost, SignoffError, StorageError
from core.leases import Keepalive, Lease, guard, release, renew, take
from core.outbox import Message, Outbox, count_due, enqueue, finish, open_rows, take_due
from core.posts import Post, ask_post, refresh_posts
from core.relay import Relay

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
TTL = timedelta(seconds=15)


def _queue(db: Database, key: str, *, now: datetime = NOW) -> bool:
    with db.transaction() as session:
        return enqueue(
            session,
            workspace_id="T",
            job="run_turn",
            subject="turn_1",
            key=key,
            args={"turn_id": "turn_1"},
            now=now,
        )


def test_an_occasion_is_queued_once(db: Database) -> None:
    assert _queue(db, "a")
    assert not _queue(db, "a")
    assert _queue(db, "b")


def test_the_relay_hears_of_a_row_only_after_its_commit(db: Database) -> None:
    heard: list[Message] = []
    db.wake = heard.extend

    with contextlib.suppress(ZeroDivisionError), db.transaction() as session:
        enqueue(session, workspace_id="T", job="x", subject="s", key="k", args={}, now=NOW)
        raise ZeroDivisionError
    assert heard == []
    _queue(db, "a")

    assert heard == [Message("run_turn", {"turn_id": "turn_1"})]


def test_what_is_not_done_is_swept_again_ever_later(db: Database) -> None:
    _queue(db, "a")
    times, now = [], NOW

    for _ in range(200):
        now += timedelta(seconds=1)
        with db.transaction() as session:
            if take_due(session, now=now):
                times.append(int((now - NOW).total_seconds()))

    assert times == [5, 15, 35, 75, 135, 195]


def test_what_stands_in_line_is_not_swept_again_for_a_minute(db: Database) -> None:
    _queue(db, "a")
    counted, times, now = [], [], NOW

    for _ in range(100):
        now += timedelta(seconds=1)
        with db.transaction() as session:
            counted.append(count_due(session, now=now))
            if take_due(session, now=now, in_line=["run_turn"]):
                times.append(int((now - NOW).total_seconds()))

    assert times == [65]
    assert (counted[3], counted[4]) == ({}, {"run_turn": 1})


def test_only_what_stands_in_line_is_left_there(db: Database) -> None:
    _queue(db, "a")
    later = NOW + timedelta(seconds=5)

    with db.transaction() as session:
        taken = take_due(session, now=later, in_line=["send_post"])

    assert taken == [Message("run_turn", {"turn_id": "turn_1"})]


def test_finishing_closes_what_was_seen_and_leaves_what_came_later(db: Database) -> None:
    _queue(db, "a")
    with db.read() as session:
        seen = open_rows(session, job="run_turn", subject="turn_1")
    _queue(db, "b")

    with db.transaction() as session:
        finish(session, seen, now=NOW)

    with db.read() as session:
        left = [row.key for row in session.exec(select(Outbox)) if row.done_at is None]
    assert left == ["b"]


def test_a_relay_survives_a_broker_that_fails() -> None:
    bad, done = threading.Event(), threading.Event()
    published: list[str] = []

    def publish(messages: Sequence[Message]) -> None:
        if messages[0].job == "bad":
            bad.set()
            raise ConnectionError("no broker")
        published.extend(message.job for message in messages)
        done.set()

    relay = Relay(publish)
    relay.start()
    relay.wake([Message("bad", {})])
    assert bad.wait(60)
    relay.wake([Message("good", {})])

    assert done.wait(60)
    relay.stop()
    assert published == ["good"]


def test_a_lease_has_one_holder_and_its_token_only_grows(db: Database) -> None:
    with db.transaction() as session:
        first = take(session, name="turn:1", holder="a", ttl=TTL, now=NOW)
        assert first
        assert take(session, name="turn:1", holder="b", ttl=TTL, now=NOW) is None

    later = NOW + TTL
    with db.transaction() as session:
        second = take(session, name="turn:1", holder="b", ttl=TTL, now=later)

    assert second
    assert second.token == first.token + 1
    with db.transaction() as session, pytest.raises(LeaseLost):
        guard(session, first)
    with db.transaction() as session, pytest.raises(LeaseLost):
        renew(session, first, ttl=TTL, now=later)
    with db.transaction() as session:
        guard(session, second)
        release(session, second, now=later)
    with db.transaction() as session:
        third = take(session, name="turn:1", holder="c", ttl=TTL, now=later)
    assert third
    assert third.token == 3


def test_twenty_threads_wanting_one_lease_get_it_one_after_another(db: Database) -> None:
    tokens: list[int] = []

    def work() -> None:
        with db.transaction() as session:
            held = take(session, name="turn:1", holder="x", ttl=timedelta(0), now=NOW)
        if held:
            tokens.append(held.token)

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(tokens) == list(range(1, 21))


def test_a_keepalive_renews_and_says_when_a_lease_was_taken_over(db: Database) -> None:
    clock = HeldClock(NOW)
    ttl = timedelta(milliseconds=60)
    with db.transaction() as session:
        held = take(session, name="turn:1", holder="a", ttl=ttl, now=NOW)
    assert held

    with Keepalive(db, clock, [held], ttl=ttl) as alive:
        clock.advance(timedelta(hours=1))
        with db.transaction() as session:
            # It may have renewed a moment ago: look far beyond.
            taken = take(session, name="turn:1", holder="b", ttl=ttl, now=NOW + timedelta(days=1))
        assert taken
        assert alive.lost.wait(60)


def test_a_session_for_reading_cannot_write_past_the_line(tmp_path: Path) -> None:
    db = open_database(f"sqlite:///{tmp_path / 'a.db'}")
    SQLModel.metadata.create_all(db.engine)
    _queue(db, "a")

    with pytest.raises(StorageError), db.read() as session:
        take_due(session, now=NOW + timedelta(minutes=1))

    with db.transaction() as session:
        assert len(take_due(session, now=NOW + timedelta(minutes=1))) == 1
    db.engine.dispose()


@pytest.mark.skipif(
    not Path("/proc/locks").exists(), reason="only Linux tells who waits for a lock"
)
def test_the_urgent_do_not_wait_for_the_line(tmp_path: Path) -> None:
    db, urgent = (open_database(f"sqlite:///{tmp_path / 'a.db'}") for _ in range(2))
    urgent.urgent = True

    def place_of_the_urgent() -> int:
        order: list[str] = []

        def write(database: Database, name: str) -> None:
            with database.transaction():
                order.append(name)

        with db.transaction():
            waiting = [threading.Thread(target=write, args=(db, "in line")) for _ in range(10)]
            for thread in waiting:
                thread.start()
            _wait_for_locks(tmp_path, 10)
            waiting.append(threading.Thread(target=write, args=(urgent, "urgent")))
            waiting[-1].start()
            _wait_for_locks(tmp_path, 11)
        for thread in waiting:
            thread.join()
        assert sorted(order) == [*["in line"] * 10, "urgent"]
        return order.index("urgent")

    # Whoever is next in line may be quicker at the moment of release, and on a busy machine several
    # are: the middle one of seven says whether it is chance.
    assert sorted(place_of_the_urgent() for _ in range(7))[3] < 5
    for database in (db, urgent):
        database.engine.dispose()


def _wait_for_locks(folder: Path, count: int) -> None:
    """Until so many threads wait for locks on files of this folder (Linux tells)."""
    inodes = {str(path.stat().st_ino) for path in folder.iterdir()}
    for _ in range(2_000):
        lines = Path("/proc/locks").read_text().splitlines()
        waiting = [line for line in lines if "-> FLOCK" in line]
        if sum(line.split()[-3].rpartition(":")[2] in inodes for line in waiting) == count:
            return
        time.sleep(0.005)
    raise AssertionError(f"{count} do not wait: {waiting}")


def test_a_transaction_inside_a_transaction_is_a_mistake(db: Database) -> None:
    with db.transaction(), pytest.raises(SignoffError, match="inside"), db.transaction():
        pass


def test_a_hook_runs_after_the_commit_and_never_without_it(db: Database) -> None:
    seen: list[int] = []

    with db.transaction() as session:
        session.add(Lease(name="x", holder="a", token=1, expires_at=NOW))
        after_commit(session, lambda: seen.append(_count(db)))

    assert seen == [1]


def _count(db: Database) -> int:
    with db.read() as session:
        return len(session.exec(select(Lease)).all())


def test_a_message_is_owed_once_and_drawn_anew_when_asked(db: Database) -> None:
    def ask() -> str:
        with db.transaction() as session:
            return ask_post(
                session,
                workspace_id="T",
                subject="act_1",
                kind="card",
                channel="C",
                thread_ts=None,
                body={},
                now=NOW,
            )

    first, second = ask(), ask()
    with db.transaction() as session:
        refresh_posts(session, subject="act_1", kind="card", now=NOW)

    with db.read() as session:
        posts = session.exec(select(Post)).all()
        jobs = session.exec(select(Outbox)).all()
    assert first == second
    assert [(post.wanted, post.shown) for post in posts] == [(2, 0)]
    assert sorted(job.key for job in jobs) == [f"{first}:1", f"{first}:2"]


def test_an_unreachable_database_is_named_in_a_persons_words() -> None:
    db = open_database("postgresql://nobody@127.0.0.1:1/nothing")

    with pytest.raises(StorageError, match="cannot be reached"), db.transaction() as session:
        session.exec(select(Lease)).all()


@pytest.mark.parametrize("empty_db", ["postgres"], indirect=True)
def test_a_server_that_takes_no_writes_any_more_cannot_be_reached(db: Database) -> None:
    """The one that was written to became the standby of another."""

    def written() -> None:
        with db.transaction() as session:
            session.execute(text("SET TRANSACTION READ ONLY"))
            enqueue(session, workspace_id="T", job="j", subject="s", key="k", args={}, now=NOW)

    with pytest.raises(StorageError):
        written()
    assert _queue(db, "a")


def test_a_time_without_a_zone_is_refused(db: Database) -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - that is the point

    with pytest.raises(Exception, match="zone"), db.transaction() as session:
        session.add(Lease(name="x", holder="a", token=1, expires_at=naive))
