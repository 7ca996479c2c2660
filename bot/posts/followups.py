"""What sending a post may lead to: its next part, or a later look for a twin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam
from sqlmodel import Session, select

from core.outbox import Outbox, enqueue
from core.posts import Post, ask_post

#: After a second send a twin may still turn up: looked for this much later.
TWIN_CHECK = timedelta(seconds=30)
SEND = "send_post"
_TWINS = ":twins"
_ROWS = Outbox.__table__  # type: ignore[attr-defined]
#: Built once: every sending begins with it.
_JOBS = select(_ROWS.c.id, _ROWS.c.key, _ROWS.c.created_at).where(
    _ROWS.c.job == SEND, _ROWS.c.subject == bindparam("post_id"), _ROWS.c.done_at.is_(None)
)


def ask_next(session: Session, row: Post, *, now: datetime) -> None:
    """Owe Slack the next part. Each part asks for the one after it, so they arrive in order."""
    ask_post(
        session,
        workspace_id=row.workspace_id,
        subject=row.subject,
        kind=row.kind,
        channel=row.sent_channel or row.channel,
        thread_ts=row.thread_ts,
        body={},
        now=now,
        n=row.n + 1,
    )


def ask_twin_check(session: Session, row: Post, *, now: datetime) -> None:
    """Have somebody look later whether this post stands in Slack twice."""
    enqueue(
        session,
        workspace_id=row.workspace_id,
        job=SEND,
        subject=row.id,
        key=f"{row.id}:{now.isoformat()}{_TWINS}",
        args={"post_id": row.id},
        now=now,
        not_before=now + TWIN_CHECK,
    )


@dataclass(frozen=True)
class Jobs:
    """Open jobs of one post that this delivery does; `twins` says to look for doubles too."""

    rows: tuple[str, ...]
    twins: bool


def jobs_of(session: Session, post_id: str, *, now: datetime) -> Jobs:
    """The post's open jobs, but for a look for twins whose time has not come: it stays open."""
    rows, twins = [], False
    for row_id, key, created_at in session.connection().execute(_JOBS, {"post_id": post_id}):
        looks = key.endswith(_TWINS)
        if not looks or created_at + TWIN_CHECK <= now:
            rows.append(row_id)
            twins = twins or looks
    return Jobs(tuple(rows), twins)
