"""What all workers know together of the systems outside: whether they answer, and how fast to go.

A row each, in SQL and not in Redis, which may be wiped: a system that is down must not be run
against by every worker again because the broker was restarted.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from core.db import UtcDateTime, json_field


class Breaker(SQLModel, table=True):
    """A connector's circuit breaker. No row, or `opened_at` unset: closed, calls go through."""

    workspace_id: str = Field(primary_key=True)
    connector: str = Field(primary_key=True)
    #: Calls in a row that got no answer.
    failures: int = 0
    #: How often it opened, or stayed open after a probe, without an answer in between.
    opens: int = 0
    #: Since when it is open.
    opened_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    #: Open until then; from then on one caller at a time may try (the probe).
    until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    #: Somebody tries, and has until `until` for it.
    probing: bool = False
    #: What is wrong, as a sentence for people.
    why: str = ""


class Bucket(SQLModel, table=True):
    """A token bucket that holds a minute's worth of calls and fills evenly."""

    workspace_id: str = Field(primary_key=True)
    #: `connector:<name>` | `tool:<name>`
    name: str = Field(primary_key=True)
    #: When it will be full again; in the past: it is full.
    full_at: datetime = Field(sa_type=UtcDateTime)


class Compared(SQLModel, table=True):
    """How far a tool's effects were compared with the other system's own record."""

    workspace_id: str = Field(primary_key=True)
    tool: str = Field(primary_key=True)
    #: What was settled until then is compared.
    until: datetime = Field(sa_type=UtcDateTime)
    #: What is left of a comparison that one job's time was not enough for (`tools.rounds`).
    under_way: dict[str, Any] | None = json_field(nullable=True)
    #: Since when comparing fails, and why, as a sentence.
    failing_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    why: str = ""


class Finding(SQLModel, table=True):
    """Where ledger and record disagree. Found once, told once, settled by a person or by proof."""

    #: Derived from what it is about: the same disagreement is found once.
    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    tool: str
    #: unasked | contrary | twice | missing
    kind: str
    action_id: str | None = Field(default=None, index=True)
    reference: str = ""
    #: The whole of it, as a sentence for an operator.
    told: str
    found_at: datetime = Field(sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    settled_by: str | None = None
    reason: str | None = None
