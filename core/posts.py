"""Messages we owe Slack: one row each, unique on (subject, kind, n), rendered and sent by `bot`.

Rooms below `bot` say *that* something is to be shown and name the ids it is about; how it looks is
decided when it is sent. `wanted` counts the versions asked for, `shown` the newest one in Slack.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, UniqueConstraint
from sqlmodel import Field, Session, SQLModel, select

from core.db import UtcDateTime, insert_once
from core.ids import derive_id
from core.outbox import enqueue


class Post(SQLModel, table=True):
    __table_args__ = (UniqueConstraint("subject", "kind", "n"),)

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    #: The turn, action, request or digest it is about.
    subject: str
    #: answer | notice | card | question | digest: which builder renders it.
    kind: str
    n: int = 0
    #: A channel id, or a user id for a direct message.
    channel: str
    thread_ts: str | None = None
    #: What the builder needs beyond the subject; plain JSON.
    body: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    wanted: int = 1
    shown: int = 0
    #: Slack's channel (the DM's id where `channel` names a user) and ts, once sent.
    sent_channel: str | None = Field(default=None, index=True)
    ts: str | None = Field(default=None, index=True)
    #: Set before the first send: a later try looks for the message before it sends again.
    attempted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    failed: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)


def ask_post(
    session: Session,
    *,
    workspace_id: str,
    subject: str,
    kind: str,
    channel: str,
    thread_ts: str | None,
    body: dict[str, Any],
    now: datetime,
    n: int = 0,
) -> str:
    """Owe Slack this message (once, however often asked) and queue its sending. Returns its id."""
    post_id = derive_id("post", subject, kind, n)
    row = Post(
        id=post_id,
        workspace_id=workspace_id,
        subject=subject,
        kind=kind,
        n=n,
        channel=channel,
        thread_ts=thread_ts,
        body=body,
        created_at=now,
    )
    if insert_once(session, row):
        _queue(session, row, now=now)
    return post_id


def refresh_posts(session: Session, *, subject: str, kind: str, now: datetime) -> None:
    """Have every message of this subject and kind drawn anew, because what it shows has changed."""
    query = select(Post).where(Post.subject == subject, Post.kind == kind).with_for_update()
    for row in session.exec(query):
        row.wanted += 1
        session.add(row)
        session.flush()
        _queue(session, row, now=now)


def _queue(session: Session, row: Post, *, now: datetime) -> None:
    enqueue(
        session,
        workspace_id=row.workspace_id,
        job="send_post",
        subject=row.id,
        key=f"{row.id}:{row.wanted}",
        args={"post_id": row.id},
        now=now,
    )
