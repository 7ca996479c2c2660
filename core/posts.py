"""Messages we owe Slack: one row each, unique on (subject, kind, n), rendered and sent by `bot`.

Rooms below `bot` say *that* something is to be shown and name the ids it is about; how it looks is
decided when it is sent. `wanted` counts the versions asked for, `shown` the newest one in Slack.
A message may be begun before it is known what it will say (`begin_post`): then `wanted` is 0, and
what stands in Slack is a preview until it is asked for, or broken off.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Column, UniqueConstraint, bindparam, update
from sqlmodel import Field, Session, SQLModel, col

from core.db import UtcDateTime, insert_once
from core.ids import derive_id
from core.outbox import Occasion, enqueue_all

#: What its writer was to send is sent by another after so long. Whoever is at it has its lease, so
#: that an early look costs a trip and no second message.
_SOON = timedelta(seconds=1)


class Post(SQLModel, table=True):
    __table_args__ = (UniqueConstraint("subject", "kind", "n"),)

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    #: The turn, action, request or digest it is about.
    subject: str
    #: answer | notice | card | question | reminder | batch | digest | event: which builder renders
    #: it.
    kind: str
    n: int = 0
    #: A channel id, or a user id for a direct message.
    channel: str
    thread_ts: str | None = None
    #: What the builder needs beyond the subject; plain JSON. {"broken_off": true} in the place of
    #: words that will never come.
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


# Built once, on the table itself: most of what is settled redraws something.
_POSTS = Post.__table__  # type: ignore[attr-defined]
_REDRAW = (
    update(_POSTS)
    .where(
        _POSTS.c.subject == bindparam("of"), _POSTS.c.kind.in_(bindparam("kinds", expanding=True))
    )
    .values(wanted=_POSTS.c.wanted + 1)
    .returning(_POSTS.c.id, _POSTS.c.workspace_id, _POSTS.c.wanted)
)


def post_id(subject: str, kind: str, n: int = 0) -> str:
    """The id of this message, whether its row stands or not."""
    return derive_id("post", subject, kind, n)


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
    sent_here: bool = False,
) -> str:
    """Owe Slack this message (once, however often asked) and queue its sending. Returns its id.

    A message that was begun is owed from now on, in its place. With `sent_here` the caller sends it
    after its commit: the queue has it only in case that comes to nothing, or takes long.
    """
    row = Post(
        id=post_id(subject, kind, n),
        workspace_id=workspace_id,
        subject=subject,
        kind=kind,
        n=n,
        channel=channel,
        thread_ts=thread_ts,
        body=body,
        created_at=now,
    )
    if insert_once(session, row) or _owe_begun(session, row.id, body):
        _queue(session, row, now=now, not_before=now + _SOON if sent_here else None)
    return row.id


def begin_post(
    session: Session,
    *,
    workspace_id: str,
    subject: str,
    kind: str,
    channel: str,
    thread_ts: str | None,
    now: datetime,
) -> Post:
    """The row of this message, begun with nothing owed where there was none."""
    row = Post(
        id=post_id(subject, kind),
        workspace_id=workspace_id,
        subject=subject,
        kind=kind,
        channel=channel,
        thread_ts=thread_ts,
        body={},
        wanted=0,
        created_at=now,
    )
    insert_once(session, row)
    return session.get_one(Post, row.id, with_for_update=True)


def break_off_post(session: Session, *, subject: str, kind: str, now: datetime) -> None:
    """Nothing more comes of a begun message, if there is one: what it shows is left, and marked."""
    row = session.get(Post, post_id(subject, kind), populate_existing=True)
    if row is not None and _owe_begun(session, row.id, {"broken_off": True}):
        session.refresh(row)
        _queue(session, row, now=now)


def refresh_posts(
    session: Session, *, subject: str, kind: str | Sequence[str], now: datetime
) -> None:
    """Have every message of this subject and kind (or one of these kinds) drawn anew, because what
    it shows has changed."""
    kinds = [kind] if isinstance(kind, str) else kind
    changed = session.connection().execute(_REDRAW, {"of": subject, "kinds": kinds})
    enqueue_all(session, [_occasion(*row) for row in changed.all()], now=now)


def _owe_begun(session: Session, begun_id: str, body: dict[str, Any]) -> bool:
    """Owe what was only begun; False when it is owed already."""
    begun = update(Post).where(col(Post.id) == begun_id, col(Post.wanted) == 0)
    owed = session.execute(begun.values(wanted=1, body=body).returning(col(Post.id)))
    return owed.scalar_one_or_none() is not None


def _queue(
    session: Session, row: Post, *, now: datetime, not_before: datetime | None = None
) -> None:
    occasion = _occasion(row.id, row.workspace_id, row.wanted, not_before)
    enqueue_all(session, [occasion], now=now)


def _occasion(
    id: str, workspace_id: str, wanted: int, not_before: datetime | None = None
) -> Occasion:
    return Occasion(
        workspace_id=workspace_id,
        job="send_post",
        subject=id,
        key=f"{id}:{wanted}",
        args={"post_id": id},
        not_before=not_before,
    )
