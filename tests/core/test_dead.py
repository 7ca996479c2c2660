"""Jobs that failed too often wait for a person; nothing else is ever given up (R48)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from core.clock import HeldClock
from core.db import Database
from core.dead import (
    DeadLetter,
    NoSuchLetter,
    Patience,
    dead_letters,
    drop,
    job_failed,
    replay,
)
from core.outbox import Outbox, enqueue, take_due
from tests.conftest import NOW

THREE = Patience(tries=3)


def queue(db: Database, subject: str = "note_1") -> None:
    with db.transaction() as session:
        enqueue(
            session,
            workspace_id="T0PRACTICE",
            job="index_note",
            subject=subject,
            key=subject,
            args={"note_id": subject},
            now=NOW,
        )


def fail(db: Database, now: datetime, subject: str = "note_1", chance: float = 1.0) -> int:
    with db.transaction() as session:
        letters = job_failed(
            session,
            job="index_note",
            subject=subject,
            why="RecallError",
            patience=THREE,
            chance=chance,
            now=now,
        )
        return len(letters)


def due(db: Database, now: datetime) -> list[str]:
    with db.transaction() as session:
        return [str(message.args["note_id"]) for message in take_due(session, now=now)]


def waiting(db: Database) -> list[DeadLetter]:
    with db.read() as session:
        return list(dead_letters(session, workspace_id="T0PRACTICE"))


def test_each_failure_waits_longer_and_the_last_makes_a_dead_letter(
    db: Database, clock: HeldClock
) -> None:
    """R48."""
    queue(db)

    assert fail(db, NOW) == 0
    assert (due(db, NOW + timedelta(seconds=4)), due(db, NOW + timedelta(seconds=5))) == (
        [],
        ["note_1"],
    )
    assert fail(db, NOW) == 0
    assert due(db, NOW + timedelta(seconds=9)) == []
    assert fail(db, NOW) == 1
    assert fail(db, NOW) == 0

    (letter,) = waiting(db)
    assert (letter.job, letter.subject, letter.tries, letter.why) == (
        "index_note",
        "note_1",
        3,
        "RecallError",
    )
    assert due(db, NOW + timedelta(days=1)) == []


def test_one_jobs_failures_are_not_anothers(db: Database) -> None:
    queue(db, "note_1")
    queue(db, "note_2")
    for _ in range(3):
        fail(db, NOW)

    assert [letter.subject for letter in waiting(db)] == ["note_1"]
    assert due(db, NOW + timedelta(seconds=60)) == ["note_2"]


def test_waits_are_drawn_at_random_and_bounded() -> None:
    """R67."""
    patience = Patience()

    assert patience.wait(1, 0.5) == timedelta(seconds=2.5)
    assert patience.wait(10_000, 1.0) == timedelta(seconds=600)
    assert patience.wait(5, 0.0) == timedelta()


def test_publishing_it_often_is_no_failure(db: Database) -> None:
    queue(db)

    for minute in range(300):
        assert due(db, NOW + timedelta(minutes=minute + 1)) == ["note_1"]

    assert waiting(db) == []


def test_a_letter_is_replayed_once_with_all_its_tries(db: Database) -> None:
    """R48."""
    queue(db)
    for _ in range(3):
        fail(db, NOW)
    (letter,) = waiting(db)

    with db.transaction() as session:
        replay(session, letter.id, by="olga", now=NOW)

    with db.transaction() as session, pytest.raises(NoSuchLetter):
        replay(session, letter.id, by="olga", now=NOW)
    assert waiting(db) == []
    assert due(db, NOW + timedelta(seconds=5)) == ["note_1"]
    assert [fail(db, NOW) for _ in range(3)] == [0, 0, 1]
    with db.transaction() as session:
        replay(session, waiting_one(session), by="olga", now=NOW)
    assert due(db, NOW + timedelta(seconds=5)) == ["note_1"]


def waiting_one(session: object) -> str:
    (letter,) = dead_letters(session, workspace_id="T0PRACTICE")  # type: ignore[arg-type]
    return letter.id


def test_a_letter_is_dropped_with_who_and_why(db: Database) -> None:
    """R48."""
    queue(db)
    for _ in range(3):
        fail(db, NOW)
    (letter,) = waiting(db)

    with db.transaction() as session:
        drop(session, letter.id, by="olga", reason="an old note", now=NOW)

    with db.read() as session:
        row = session.get_one(DeadLetter, letter.id)
        open_rows = session.exec(select(Outbox).where(Outbox.done_at.is_(None))).all()  # type: ignore[union-attr]
    assert (row.status, row.decided_by, row.reason) == ("dropped", "olga", "an old note")
    assert open_rows == []
