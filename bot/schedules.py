"""Digests by the clock: schedules are rows, and so is each due time (ADR 0006)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from sqlmodel import Session, col, select

from approvals.by_hand import BY_HAND
from approvals.elevation import ASSISTANT
from approvals.spans import read_span
from approvals.switches import Stopped, automation_scope, in_force
from bot.events.rules import EventEntry, SourceEntry
from bot.events.signatures import SOURCE
from bot.tables import Schedule, ScheduleRun
from core.canonical import digest
from core.configfile import read_config
from core.db import insert_once
from core.ids import derive_id
from core.outbox import enqueue

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class DigestEntry(BaseModel):
    """One entry under `digests:` in config/automations.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9-]{1,60}$")
    channel: str = Field(pattern=r"^[CG][A-Z0-9]+$")
    at: str = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    days: tuple[str, ...] = DAYS
    tz: str = "UTC"
    #: Who lets it go on after a stop, besides the operators: an id of people.yaml.
    owner: str | None = None
    #: By when it stands in the channel, counted from its due time.
    within: str = "30 minutes"

    @property
    def longest(self) -> timedelta:
        span = read_span(self.within)
        return timedelta(seconds=span.seconds if span else 0)

    @field_validator("within")
    @classmethod
    def _by_the_clock(cls, within: str) -> str:
        span = read_span(within)
        if span is None or span.working:
            raise ValueError(f"{within!r} is no time by the clock like 30 minutes")
        return within

    @field_validator("days")
    @classmethod
    def _known_days(cls, days: tuple[str, ...]) -> tuple[str, ...]:
        if not days or set(days) - set(DAYS):
            raise ValueError(f"days are {', '.join(DAYS)}")
        return days

    @field_validator("tz")
    @classmethod
    def _known_zone(cls, tz: str) -> str:
        if tz not in available_timezones():
            raise ValueError(f"{tz} is not a time zone like Europe/Berlin")
        return tz


_Entry = DigestEntry | EventEntry
#: What `/signoff stop` and the log call something else.
_TAKEN = frozenset({ASSISTANT, BY_HAND, "all", "everything", "here"})


class AssistantEntry(BaseModel):
    """What stands under `assistant:`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: What it may use itself; None: what its tools need.
    scopes: tuple[str, ...] | None = None


class Automations(BaseModel):
    """config/automations.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    digests: tuple[DigestEntry, ...] = ()
    events: tuple[EventEntry, ...] = ()
    #: What holds of all events of a source, whatever is made of them.
    sources: dict[Annotated[str, Field(pattern=rf"^{SOURCE}$")], SourceEntry] = {}
    assistant: AssistantEntry = AssistantEntry()
    #: What follows when a step of somebody's request fails after others were done: the asker is
    #: asked whether to take those back, or they are.
    undo_when_failed: Literal["ask", "automatic"] = "ask"

    @field_validator("events")
    @classmethod
    def _unique(
        cls, events: tuple[EventEntry, ...], info: ValidationInfo
    ) -> tuple[EventEntry, ...]:
        names = [entry.name for entry in (*info.data.get("digests", ()), *events)]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"two automations are called {twice[0]}")
        return events

    @field_validator("digests", "events")
    @classmethod
    def _free(cls, entries: tuple[_Entry, ...]) -> tuple[_Entry, ...]:
        names = [entry.name for entry in entries]
        if len(set(names)) != len(names):
            raise ValueError("two of them share a name")
        if taken := _TAKEN.intersection(names):
            raise ValueError(f"no automation can be called {min(taken)}")
        return entries

    @property
    def scopes(self) -> dict[str, tuple[str, ...]]:
        """Own scopes of the automations they are declared for."""
        own = self.assistant.scopes
        rules = {entry.name: entry.scopes for entry in self.events}
        return rules if own is None else {ASSISTANT: own, **rules}

    @property
    def rates(self) -> dict[str, int]:
        """Events a minute of the sources this is said of."""
        return {name: source.per_minute for name, source in self.sources.items()}


@dataclass(frozen=True)
class Due:
    """A period that ends at `due_at` and began after `since`."""

    since: datetime
    due_at: datetime


def load_automations(path: Path) -> Automations:
    """Raises `ConfigError` with the file, the line and the mend."""
    mend = "Compare with the starter file config/automations.yaml."
    return read_config(path).read_as(Automations, mend)


def sync_schedules(
    session: Session, entries: Sequence[DigestEntry], *, workspace_id: str, now: datetime
) -> None:
    """Make the rows say what the file says; a new or changed entry starts at its next due time."""
    wanted = {derive_id("sch", workspace_id, e.name): e for e in entries}
    known = {
        row.id: row
        for row in session.exec(select(Schedule).where(Schedule.workspace_id == workspace_id))
    }
    for row in known.values():
        row.active = row.id in wanted
    for schedule_id, entry in wanted.items():
        mark = digest(entry.model_dump(mode="json"))
        present = known.get(schedule_id)
        if present and present.config_digest == mark:
            continue
        fields: dict[str, Any] = {
            "workspace_id": workspace_id,
            "automation": entry.name,
            "owner": entry.owner,
            "channel": entry.channel,
            "local_time": entry.at,
            "days": ",".join(entry.days),
            "tz": entry.tz,
            "config_digest": mark,
            "created_at": now,
        }
        if present is None:
            session.add(Schedule(id=schedule_id, **fields))
        else:
            present.sqlmodel_update(fields)


def queue_due(session: Session, *, now: datetime) -> int:
    """Queue a digest for each schedule whose time has come; returns how many were queued.

    One that is stopped is passed by: the first digest after the stop tells of that time too.
    """
    queued = 0
    for schedule in session.exec(select(Schedule).where(Schedule.active)):
        if stop_of(session, schedule) is not None:
            continue
        last = session.exec(
            select(ScheduleRun.due_at)
            .where(ScheduleRun.schedule_id == schedule.id)
            .order_by(col(ScheduleRun.due_at).desc())
        ).first()
        due = latest_due(schedule, last=last, now=now)
        if due is not None:
            queued += queue_run(session, schedule, due, now=now)
    return queued


def stop_of(session: Session, schedule: Schedule) -> Stopped | None:
    """The stop that holds this automation, if any."""
    scope = automation_scope(schedule.automation)
    return in_force(session, workspace_id=schedule.workspace_id, scopes=[scope])


def queue_run(session: Session, schedule: Schedule, due: Due, *, now: datetime) -> bool:
    """Queue one period's digest; False when that due time was queued before."""
    run_id = derive_id("run", schedule.id, due.due_at.isoformat())
    run = ScheduleRun(
        id=run_id,
        workspace_id=schedule.workspace_id,
        schedule_id=schedule.id,
        due_at=due.due_at,
        since=due.since,
        created_at=now,
    )
    if not insert_once(session, run):
        return False
    return enqueue(
        session,
        workspace_id=schedule.workspace_id,
        job="run_digest",
        subject=run_id,
        key=run_id,
        args={"run_id": run_id},
        now=now,
    )


def latest_due(schedule: Schedule, *, last: datetime | None, now: datetime) -> Due | None:
    """The newest due time that is not made yet, with the period since the one made before it.

    Missed times in between are not made up for one by one: one digest tells of all of it. The
    first digest tells of the day before it, and of all since the schedule was made.
    """
    zone = ZoneInfo(schedule.tz)
    hour, minute = (int(part) for part in schedule.local_time.split(":"))
    after = max(last or schedule.created_at, schedule.created_at)
    day = now.astimezone(zone).date()
    while (due := _moment(day, time(hour, minute), zone)) > after:
        if due <= now and DAYS[day.weekday()] in schedule.days.split(","):
            first = min(due - timedelta(days=1), schedule.created_at)
            return Due(since=last or first, due_at=due)
        day -= timedelta(days=1)
    return None


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    # A wall time that a clock change skips is read with the offset before it (PEP 495, fold=0).
    return datetime.combine(day, at, zone).astimezone(UTC)
