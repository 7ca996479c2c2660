"""A digest that does not come in its time is logged, and its owner is told once (R46)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from approvals.people import People
from approvals.switches import automation_scope, stop
from audit.keys import KeyRing
from audit.log import Log
from audit.tables import Event
from bot.lateness import tell_late
from bot.schedules import DigestEntry, load_automations, queue_due, sync_schedules
from bot.tables import ScheduleRun
from core.db import Database
from core.errors import ConfigError
from core.posts import Post

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = People.load(ROOT / "config" / "people.yaml")
LOG = Log(keys=KeyRing(bytes(32)))
DUE = datetime(2026, 11, 16, 8, tzinfo=UTC)
ENTRY = DigestEntry(
    name="morning", channel="C0SUPPORT", at="09:00", tz="Europe/Berlin", owner="ana",
    within="20 minutes",
)  # fmt: skip


@pytest.fixture
def due(db: Database) -> Database:
    """A digest is queued, and nobody writes it."""
    with db.transaction() as session:
        sync_schedules(
            session, [ENTRY], workspace_id=PEOPLE.workspace_id, now=DUE - timedelta(hours=2)
        )
    with db.transaction() as session:
        assert queue_due(session, now=DUE) == 1
    return db


def look(db: Database, minutes: float) -> int:
    with db.transaction() as session:
        return tell_late(
            session, LOG, PEOPLE, {ENTRY.name: ENTRY.longest}, now=DUE + timedelta(minutes=minutes)
        )


def told(session: Session) -> list[tuple[str, str]]:
    return [(post.channel, post.body["text"]) for post in session.exec(select(Post))]


def test_its_owner_is_told_once_what_and_what_to_do(due: Database) -> None:
    """R46, R93: with the time it was due, and the way to have one all the same."""
    found = [look(due, minutes) for minutes in (20, 20.5, 25, 90)]

    assert found == [0, 1, 0, 0]
    with due.read() as session:
        ((channel, text),) = told(session)
        (event,) = session.exec(select(Event).where(Event.type == "bot:digest:late")).all()
    assert channel == "U0ANA"
    assert text.startswith("The digest morning was due 09:00 and is not written yet. ")
    assert text.endswith("/signoff digest in the channel writes one of today.")
    assert event.reason.endswith("and is not written yet")


def test_what_was_written_or_is_stopped_is_not_late(due: Database) -> None:
    with due.transaction() as session:
        stop(
            session, LOG, scope=automation_scope("morning"), workspace_id=PEOPLE.workspace_id,
            by="ana", now=DUE,
        )  # fmt: skip
    stopped = look(due, 60)
    with due.transaction() as session:
        session.exec(select(ScheduleRun)).one().status = "made"

    assert (stopped, look(due, 60)) == (0, 0)


def test_a_time_that_cannot_be_meant_is_named(tmp_path: Path) -> None:
    path = tmp_path / "automations.yaml"
    path.write_text(
        'digests:\n  - {name: a, channel: C0A, at: "09:00", within: "2 working hours"}\n'
    )

    with pytest.raises(ConfigError, match="is no time by the clock like 30 minutes"):
        load_automations(path)
