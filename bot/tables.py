"""What came in from Slack and other systems, and what is due by the clock."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from core.db import UtcDateTime


class Inbound(SQLModel, table=True):
    """One delivery from Slack or another system, committed before it is acknowledged. `key` makes
    it happen once: `msg:<team>:<channel>:<ts>` for messages, `trigger:<trigger_id>` for clicks,
    commands, views, `event:<team>:<source>:<its id>` for what another system told of."""

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    key: str = Field(unique=True)
    event_id: str | None = Field(default=None, unique=True)
    #: message | command | action | view | home | event
    kind: str
    user: str
    channel: str | None = None
    #: What a later handler needs of the payload; never tokens.
    payload: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    at: datetime = Field(sa_type=UtcDateTime)


class Schedule(SQLModel, table=True):
    """A scheduled automation, from `config/automations.yaml`."""

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    automation: str
    channel: str
    #: Local wall time `HH:MM`, weekdays as `mon,tue,…`, IANA zone.
    local_time: str
    days: str
    tz: str
    active: bool = True
    #: Who may let it go on after a stop, besides the operators.
    owner: str | None = None
    #: Digest of its entry: a changed entry starts from its next due time.
    config_digest: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class ScheduleRun(SQLModel, table=True):
    """One due time of a schedule: the row is what makes it happen exactly once (ADR 0006)."""

    __tablename__ = "schedule_run"
    __table_args__ = (UniqueConstraint("schedule_id", "due_at"),)

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    schedule_id: str = Field(foreign_key="schedule.id", index=True)
    due_at: datetime = Field(sa_type=UtcDateTime)
    #: The period it tells of: after the previous run's due time, up to this one's.
    since: datetime = Field(sa_type=UtcDateTime)
    status: str = "due"
    turn_id: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
