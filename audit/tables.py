"""The log's tables. Triggers on both databases refuse to change or delete `event` rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, LargeBinary
from sqlmodel import Field, SQLModel

from core.db import UtcDateTime


class Event(SQLModel, table=True):
    """One entry: ids, type, actor, time, versions, reason, digests. Never a person's words."""

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    #: `source:subject:action`, like `approvals:request:approved`.
    type: str = Field(index=True)
    #: The turn, action, request … it tells of.
    subject: str = Field(index=True)
    turn_id: str | None = Field(default=None, index=True)
    action_id: str | None = Field(default=None, index=True)
    #: Principal id of the person, or `system:<process>`.
    actor: str
    at: datetime = Field(sa_type=UtcDateTime)
    #: Versions and digests in force: tool, policy, people, prompt, model, graph.
    versions: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    reason: str
    body_digest: str | None = None
    #: HMAC-SHA256 of the body under a salt that lies in the body row: erasing that row erases it.
    commitment: str | None = None
    #: SHA-256 over the canonical bytes of this row: the leaf of the tree to come.
    leaf: str


class EventBody(SQLModel, table=True):
    """Inputs and outputs of one event, AES-256-GCM under its subject's key. Deletable."""

    __tablename__ = "event_body"

    event_id: str = Field(primary_key=True, foreign_key="event.id")
    key_id: str = Field(foreign_key="subject_key.id", index=True)
    nonce: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    ciphertext: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class SubjectKey(SQLModel, table=True):
    """A data key per person and purpose, wrapped by the key file. Destroying it erases."""

    __tablename__ = "subject_key"

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    subject: str = Field(index=True)
    purpose: str
    wrapped: bytes | None = Field(sa_column=Column(LargeBinary, nullable=True))
    created_at: datetime = Field(sa_type=UtcDateTime)
    destroyed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class EventOrder(SQLModel, table=True):
    """The gapless order of events, given by one leased sequencer after the fact."""

    __tablename__ = "event_order"

    position: int = Field(primary_key=True)
    event_id: str = Field(foreign_key="event.id", unique=True)
