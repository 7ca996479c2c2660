"""What is proposed, asked, decided and permitted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from core.db import UtcDateTime


def _json(nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(JSON, nullable=nullable))


class Action(SQLModel, table=True):
    """One proposed call of a tool; its id derives from (turn, step, call) or what it replaces."""

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    turn_id: str | None = Field(default=None, index=True)
    step: int = 0
    call: int = 0
    #: On whose behalf (approvals.people id).
    principal_id: str = Field(index=True)
    #: Where it was asked: channel id and thread ts, for posts and policy.
    channel: str
    thread_ts: str | None = None
    automation: str = "assistant"
    tool: str = Field(index=True)
    tool_version: str
    #: As the model gave them until prepared; validated and canonical afterwards.
    args: dict[str, Any] = _json()
    #: SHA-256 over canonical {tool, version, args, principal, facts}; set when prepared.
    digest: str | None = None
    #: JSON pointer of each leaf of args -> origin (approvals.origins.Origin value).
    origins: dict[str, str] = _json()
    status: str = Field(default="proposed", index=True)
    #: approvals.policy.Verdict as plain JSON: kind, reason, rules, stages, digests.
    verdict: dict[str, Any] | None = _json(nullable=True)
    #: What the preview pinned, plain JSON, and what the card shows of it.
    facts: dict[str, Any] | None = _json(nullable=True)
    preview: dict[str, Any] | None = _json(nullable=True)
    #: Digest of tool and authority arguments: two actions alike share it.
    alike: str | None = Field(default=None, index=True)
    supersedes: str | None = Field(default=None, unique=True)
    #: What people changed of it before it was approved, oldest first:
    #: [{"by": person, "at": ISO 8601, "changed": [{"argument", "from", "to"}]}].
    edits: list[Any] | None = _json(nullable=True)
    undoes: str | None = Field(default=None, unique=True)
    not_before: datetime | None = Field(default=None, sa_type=UtcDateTime)
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    attempt: int = 0
    #: Fencing token of the executing claim; only grows.
    token: int = 0
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    #: The last moment an attempt may still have been sending.
    sent_by: datetime | None = Field(default=None, sa_type=UtcDateTime)
    #: An earlier attempt may have reached the counterpart.
    tainted: bool = False
    #: Plain JSON for the model and the card: result, or error code and sentence.
    outcome: dict[str, Any] | None = _json(nullable=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Request(SQLModel, table=True):
    """The question put to approvers; pending until filled, refused, or out of time."""

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    action_id: str = Field(foreign_key="action.id", unique=True)
    status: str = Field(default="pending", index=True)
    #: [{"who": "group:finance" | "requester" | "person:<id>", "quorum": n, "why": "..."}]
    stages: list[Any] = _json()
    stage: int = 0
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Decision(SQLModel, table=True):
    """One person's answer to one request."""

    __table_args__ = (UniqueConstraint("request_id", "person_id"),)

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    request_id: str = Field(foreign_key="request.id", index=True)
    stage: int
    person_id: str = Field(index=True)
    #: approve | reject
    vote: str
    reason: str | None = None
    at: datetime = Field(sa_type=UtcDateTime)


class Grant(SQLModel, table=True):
    """The single-use right to execute exactly this action."""

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    action_id: str = Field(foreign_key="action.id", unique=True)
    digest: str
    #: policy | request:<id>
    source: str
    minted_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    consumed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Switch(SQLModel, table=True):
    """A stop somebody pressed: on one turn, one conversation, one automation, or everything."""

    #: `turn:<id>` | `conversation:<id>` | `automation:<name>` | `all`
    scope: str = Field(primary_key=True)
    workspace_id: str = Field(primary_key=True)
    stopped_by: str
    stopped_at: datetime = Field(sa_type=UtcDateTime)
    released_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ConfigText(SQLModel, table=True):
    """policy.yaml and people.yaml as they once were: what a verdict's digests stand for."""

    workspace_id: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    #: policy | people
    kind: str
    text: str
    kept_at: datetime = Field(sa_type=UtcDateTime)
