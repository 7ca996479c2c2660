"""What is proposed, asked, decided and permitted. People are in `people_tables`, what holds on in
`rights_tables`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from core.db import UtcDateTime, json_field


class Action(SQLModel, table=True):
    """One proposed call of a tool; its id derives from (turn, step, call) or what it replaces."""

    #: By tool, for whatever asks about one tool; by time as well, for limits over time (`so_far`).
    __table_args__ = (Index("ix_action_tool", "workspace_id", "tool", "status", "sent_by"),)

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
    tool: str
    tool_version: str
    #: As the model gave them until prepared; validated and canonical afterwards.
    args: dict[str, Any] = json_field()
    #: SHA-256 over canonical {tool, version, args, principal, facts}; set when prepared.
    digest: str | None = None
    #: JSON pointer of each leaf of args -> origin (approvals.origins.Origin value).
    origins: dict[str, str] = json_field()
    status: str = Field(default="proposed", index=True)
    #: approvals.policy.judge.Verdict as plain JSON: kind, reason, rules, stages, digests.
    verdict: dict[str, Any] | None = json_field(nullable=True)
    #: What the preview pinned, plain JSON, and what the card shows of it.
    facts: dict[str, Any] | None = json_field(nullable=True)
    preview: dict[str, Any] | None = json_field(nullable=True)
    #: Digest of tool and authority arguments: two actions alike share it.
    alike: str | None = Field(default=None, index=True)
    supersedes: str | None = Field(default=None, unique=True)
    #: What people changed of it before it was approved, oldest first:
    #: [{"by": person, "at": ISO 8601, "changed": [{"argument", "from", "to"}]}].
    edits: list[Any] | None = json_field(nullable=True)
    undoes: str | None = Field(default=None, unique=True)
    #: Of one that takes another back: who wanted it.
    undone_by: str | None = None
    #: Of a step that belongs together with others of its answer (`approvals.together`):
    #: {"steps": how many they are, "final": how many of them cannot be undone}.
    together: dict[str, Any] | None = json_field(nullable=True)
    not_before: datetime | None = Field(default=None, sa_type=UtcDateTime)
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    attempt: int = 0
    #: Fencing token of the executing claim; only grows.
    token: int = 0
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    #: The last moment an attempt may still have been sending.
    sent_by: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    #: An earlier attempt may have reached the counterpart.
    tainted: bool = False
    #: Plain JSON for the model and the card: result, or error code and sentence.
    outcome: dict[str, Any] | None = json_field(nullable=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def title_of(action: Action) -> str:
    """What people call it: the preview's words, or its tool's name where there are none."""
    return str((action.preview or {}).get("title") or action.tool)


class Request(SQLModel, table=True):
    """The question put to approvers; pending until filled, refused, or out of time."""

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    action_id: str = Field(foreign_key="action.id", unique=True)
    status: str = Field(default="pending", index=True)
    #: approvals.stages.Stage as plain JSON, in their order; see `stage_of`.
    stages: list[Any] = json_field()
    stage: int = 0
    #: When this stage began.
    stage_at: datetime = Field(sa_type=UtcDateTime)
    #: Ids of those whose answer is missing, as of the last change; see `keeping_time.plan`.
    awaited: list[Any] = json_field()
    #: Open questions with the same are alike; see `approvals.batches.likeness`.
    likeness: str | None = Field(default=None, index=True)
    #: The batch that offers it together with others.
    batch_id: str | None = None
    #: When somebody is next reminded or the stage escalates; None where neither is to come.
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    #: Slack ids of those who can read the conversation it was asked in; None where everybody can.
    readers: list[Any] | None = json_field(nullable=True)
    #: People who cannot read it and to whom the asker has yet to agree to show it: nobody decides
    #: before. None where there is nothing to agree to.
    withheld: list[Any] | None = json_field(nullable=True)
    #: Ids of people who cannot read it and to whom the asker agreed to show it.
    agreed: list[Any] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    #: Where its card stands: thread | dm | channel:<id>.
    cards: str = "thread"
    #: What it is then: `nothing` (expired, not done) or `reject` (it counts as refused).
    on_expiry: str = "nothing"
    created_at: datetime = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Decision(SQLModel, table=True):
    """One person's answer to one request: nobody answers twice, nor does anybody's stand-in."""

    __table_args__ = (
        UniqueConstraint("request_id", "person_id"),
        UniqueConstraint("request_id", "for_id"),
    )

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    request_id: str = Field(foreign_key="request.id", index=True)
    stage: int
    person_id: str = Field(index=True)
    #: Whose place they took: their own, or that of somebody they stand in for.
    for_id: str
    #: approve | reject
    vote: str
    reason: str | None = None
    at: datetime = Field(sa_type=UtcDateTime)


class PageRead(SQLModel, table=True):
    """One page of a long card that this person went through."""

    __table_args__ = (UniqueConstraint("request_id", "person_id", "page"),)

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    request_id: str = Field(foreign_key="request.id", index=True)
    person_id: str
    #: From 1 on.
    page: int
    at: datetime = Field(sa_type=UtcDateTime)


class Inquiry(SQLModel, table=True):
    """A question that an approver put to the asker, and the answer."""

    __table_args__ = (UniqueConstraint("request_id", "n"),)

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    request_id: str = Field(foreign_key="request.id", index=True)
    #: From 0 on.
    n: int
    asked_by: str
    text: str
    asked_at: datetime = Field(sa_type=UtcDateTime)
    #: How long the request stands still at most until this is answered.
    pause_s: int = 0
    answer: str | None = None
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Handing(SQLModel, table=True):
    """An approver had somebody else asked in their place, or wanted to."""

    __table_args__ = (UniqueConstraint("request_id", "n"),)

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    request_id: str = Field(foreign_key="request.id", index=True)
    #: From 0 on.
    n: int
    stage: int
    by_id: str
    to_id: str
    why: str | None = None
    #: waits (the asker has yet to agree that they see it) | handed | refused | void
    status: str
    at: datetime = Field(sa_type=UtcDateTime)


class Disclosure(SQLModel, table=True):
    """A question to the asker: may these people, who cannot read where it was asked, see it?"""

    __table_args__ = (UniqueConstraint("request_id", "n"),)

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    request_id: str = Field(foreign_key="request.id", index=True)
    #: From 0 on.
    n: int
    #: Asked before anybody is shown it; otherwise somebody else would be shown it, too.
    first: bool
    people: list[Any] = json_field()
    #: What waits for the answer, where somebody would hand it on.
    handing_id: str | None = None
    #: asked | agreed | refused
    status: str = "asked"
    asked_at: datetime = Field(sa_type=UtcDateTime)
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Grant(SQLModel, table=True):
    """The single-use right to execute exactly this action."""

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    action_id: str = Field(foreign_key="action.id", unique=True)
    digest: str
    #: policy | request:<id> | standing:<id>
    source: str
    minted_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    consumed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Compensation(SQLModel, table=True):
    """What a piece of work had done when a later step failed, somebody stopped it, or somebody goes
    back to an earlier step: taken back in reverse order, one after the other, or kept."""

    #: Derives from the turn, or from the steps that belong together: of each there is one at most;
    #: of going back one for each time that somebody wants to.
    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    turn_id: str = Field(index=True)
    #: Of steps that belong together: their common id.
    together_id: str | None = None
    #: The action that failed; None where the work was stopped, or somebody goes back.
    failed_id: str | None = None
    #: Ids of the actions to take back, in the order in which they are.
    steps: list[Any] = json_field()
    #: Of going back: how many steps of the turn stay. Once done, a new turn goes on from there.
    back_to: int | None = None
    #: Of going back: who wants to, and to where, as a sentence.
    occasion: str | None = None
    #: offered | running | done | stuck | kept
    status: str = Field(default="offered", index=True)
    #: Who wanted it so; None while it is offered, `system:tools` where it is automatic.
    decided_by: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)


class Batch(SQLModel, table=True):
    """Questions alike, offered together; what it lists never changes."""

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    request_ids: list[Any] = json_field()
    #: The stage they were in.
    stage: int
    created_at: datetime = Field(sa_type=UtcDateTime)
