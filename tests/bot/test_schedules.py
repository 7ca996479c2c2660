"""Due times: local wall time, zones and their clock changes, outages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from bot.schedules import DigestEntry, Due, latest_due, load_automations, queue_due, sync_schedules
from bot.tables import Schedule, ScheduleRun
from core.db import Database
from core.errors import ConfigError

MADE = datetime(2026, 11, 16, 6, tzinfo=UTC)  # a Monday
ENTRY = DigestEntry(
    name="morning",
    channel="C0SUPPORT",
    at="09:00",
    days=("mon", "tue", "wed", "thu", "fri"),
    tz="Europe/Berlin",
)


def _schedule(**changes: object) -> Schedule:
    fields = {
        "id": "sch_1",
        "workspace_id": "T",
        "automation": "digest",
        "channel": "C",
        "local_time": "09:00",
        "days": "mon,tue,wed,thu,fri",
        "tz": "Europe/Berlin",
        "config_digest": "",
        "created_at": MADE,
        **changes,
    }
    return Schedule.model_validate(fields)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_it_is_due_at_the_local_time_and_not_before() -> None:
    """R42: what is declared in a file begins by the clock."""
    schedule = _schedule()

    assert latest_due(schedule, last=None, now=_at("2026-11-16T07:59:59")) is None
    assert latest_due(schedule, last=None, now=_at("2026-11-16T08:00:00")) == Due(
        since=_at("2026-11-15T08:00:00"), due_at=_at("2026-11-16T08:00:00")
    )


def test_the_first_digest_after_a_weekend_tells_of_the_friday_it_was_set_up() -> None:
    friday = _at("2026-11-20T12:00:00")

    due = latest_due(_schedule(created_at=friday), last=None, now=_at("2026-11-23T08:00:00"))

    assert due == Due(since=friday, due_at=_at("2026-11-23T08:00:00"))


def test_an_outage_is_made_up_for_by_one_digest_of_the_whole_time() -> None:
    last = _at("2026-11-16T08:00:00")

    due = latest_due(_schedule(), last=last, now=_at("2026-11-19T20:00:00"))

    assert due == Due(since=last, due_at=_at("2026-11-19T08:00:00"))


def test_a_weekend_is_not_due_when_weekdays_are_asked() -> None:
    friday = _at("2026-11-20T08:00:00")

    assert latest_due(_schedule(), last=friday, now=_at("2026-11-22T20:00:00")) is None


@pytest.mark.parametrize(
    ("day", "hour_utc"),
    [("2026-03-28", 8), ("2026-03-29", 7), ("2026-10-24", 7), ("2026-10-25", 8)],
)
def test_a_clock_change_keeps_the_wall_time(day: str, hour_utc: int) -> None:
    schedule = _schedule(days="sat,sun", created_at=_at("2026-01-01T00:00:00"))

    due = latest_due(schedule, last=None, now=_at(f"{day}T20:00:00"))

    assert due
    assert due.due_at == _at(f"{day}T{hour_utc:02}:00:00")


def test_a_due_time_is_queued_once_however_often_the_keeper_looks(db: Database) -> None:
    now = _at("2026-11-16T08:00:05")
    with db.transaction() as session:
        sync_schedules(session, [ENTRY], workspace_id="T", now=MADE)

    counts = []
    for _ in range(3):
        with db.transaction() as session:
            counts.append(queue_due(session, now=now))

    with db.read() as session:
        runs = session.exec(select(ScheduleRun)).all()
    assert counts == [1, 0, 0]
    assert [(run.due_at, run.status) for run in runs] == [(_at("2026-11-16T08:00:00"), "due")]


def test_a_changed_entry_starts_with_its_next_due_time_and_a_removed_one_rests(
    db: Database,
) -> None:
    later = ENTRY.model_copy(update={"at": "10:00"})
    noon = _at("2026-11-16T12:00:00")
    with db.transaction() as session:
        sync_schedules(session, [ENTRY], workspace_id="T", now=MADE)
        queue_due(session, now=noon)
        sync_schedules(session, [later], workspace_id="T", now=noon)
        assert queue_due(session, now=noon + timedelta(hours=1)) == 0
        sync_schedules(session, [], workspace_id="T", now=noon)
        assert queue_due(session, now=noon + timedelta(days=3)) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("digests:\n  - name: a\n    channel: C1\n    at: '9'\n", "line 4"),
        ("digests:\n  - name: a\n    channel: C1\n    at: '09:00'\n    tz: Mars/Base\n", "line 5"),
        ("digests:\n  - name: a\n   channel: C1\n", "line 3"),
        ("digest: []\n", "line 1"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(text: str, said: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "automations.yaml"
    path.write_text(text)

    with pytest.raises(ConfigError, match=rf"automations\.yaml, {said}"):
        load_automations(path)


@pytest.mark.parametrize("name", ["assistant", "by-hand"])
def test_no_digest_takes_the_name_of_what_acts(tmp_path: Path, name: str) -> None:
    """R9: whoever owns a digest of that name would stop and resume the assistant itself."""
    path = tmp_path / "automations.yaml"
    path.write_text(f'digests:\n  - {{name: {name}, channel: C0SUPPORT, at: "09:00"}}\n')

    with pytest.raises(ConfigError, match=f"no automation can be called {name}"):
        load_automations(path)


def test_the_assistant_may_be_given_less_than_its_tools_need(tmp_path: Path) -> None:
    path = tmp_path / "automations.yaml"
    path.write_text('assistant: {scopes: ["*:read"]}\n')

    assert load_automations(path).scopes == {"assistant": ("*:read",)}
    path.write_text("digests: []\n")
    assert load_automations(path).scopes == {}
