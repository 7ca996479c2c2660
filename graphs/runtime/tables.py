"""Conversations and their turns. A turn's id is the id of its LangGraph thread."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, UniqueConstraint
from sqlmodel import Field, SQLModel

from core.db import UtcDateTime

#: Earlier turns of a conversation that the model is told again, and arguments are matched on.
HISTORY = 6


class Conversation(SQLModel, table=True):
    """A Slack thread or direct message."""

    __table_args__ = (UniqueConstraint("workspace_id", "channel", "thread_ts"),)

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    channel: str
    #: The thread's first ts; empty for a direct message outside threads.
    thread_ts: str
    #: channel | dm
    kind: str
    #: What people call it: `#support`, or `a direct message`.
    place: str = ""
    created_at: datetime = Field(sa_type=UtcDateTime)


class Turn(SQLModel, table=True):
    """One inbound message and all that follows until the answer."""

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    conversation_id: str = Field(foreign_key="conversation.id", index=True)
    principal_id: str = Field(index=True)
    automation: str = "assistant"
    channel: str
    #: Where the answer goes; null posts at the top of a DM.
    thread_ts: str | None = None
    message_ts: str
    text: str
    #: [{"author": name, "author_id", "trusted": bool, "text", "ts"}] the thread before the message.
    context: list[Any] = Field(default=None, sa_column=Column(JSON, nullable=False))
    #: Slack ids of those who could read the conversation; None where everybody can.
    readers: list[Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    #: Of a turn that an event of another system started: `happened.Happened`, as JSON.
    happened: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    status: str = Field(default="received", index=True)
    #: The checkpoint thread's generation; a rebuild raises it.
    generation: int = 1
    tries: int = 0
    answer: str | None = None
    #: Why it failed or was stopped, as a person is told.
    reason: str | None = None
    #: What it runs under: graph, prompt, model; digests of policy, people, limits. While it waits
    #: also `nodes`; of a forked turn `fork`, the turn and the number of its steps it goes on from.
    versions: dict[str, Any] = Field(default=None, sa_column=Column(JSON, nullable=False))
    created_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def forked_from(turn: Turn) -> tuple[str, int] | None:
    """The turn and the number of its steps that this one was forked from."""
    fork = turn.versions.get("fork")
    if fork is None:
        return None
    turn_id, _, step = str(fork).rpartition("@")
    return turn_id, int(step)
