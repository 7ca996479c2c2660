"""The queue of record: what must happen after a commit is a row of that commit (ADR 0003).

A row is published at once by the process that wrote it (`core.relay`), again by the keeper's
sweeper until it is done, and done only in the transaction that did its work. Celery carries nothing
but the job's name and its plain arguments; losing or doubling a message costs seconds, never work.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import JSON, Column, UniqueConstraint, bindparam, func, update
from sqlmodel import Field, Session, SQLModel, col, select

from core.db import WAKE, UtcDateTime, after_commit, insert_new
from core.ids import new_id

#: Seconds between one sweep's publication and the next, by how often it was published before.
BACKOFF_S = (5, 10, 20, 40, 60)
#: After so long the sweeper publishes what nobody has done.
PATIENCE = timedelta(seconds=BACKOFF_S[0])
#: How long a row that is due may stand in the broker's line before it is published again.
LONGEST = timedelta(seconds=BACKOFF_S[-1])


class Outbox(SQLModel, table=True):
    __table_args__ = (UniqueConstraint("job", "key"),)

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    job: str
    #: What the job works on: a turn, action, post or schedule id.
    subject: str = Field(index=True)
    #: Tells one occasion from another, so that the same occasion is queued once.
    key: str
    args: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    created_at: datetime = Field(sa_type=UtcDateTime)
    next_at: datetime = Field(sa_type=UtcDateTime, index=True)
    published: int = 0
    #: Tries that failed (core.dead).
    failures: int = 0
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)


# Built once, on the table itself: every job begins and ends with them.
_ROWS = Outbox.__table__  # type: ignore[attr-defined]
_OPEN = select(_ROWS.c.id).where(
    _ROWS.c.job == bindparam("job"),
    _ROWS.c.subject == bindparam("subject"),
    _ROWS.c.done_at.is_(None),
)
_FINISH = (
    update(_ROWS)
    .where(_ROWS.c.id.in_(bindparam("ids", expanding=True)))
    .values(done_at=bindparam("now"))
)


@dataclass(frozen=True)
class Message:
    """A job's name and its keyword arguments, plain values only."""

    job: str
    args: dict[str, Any]


#: Hands these messages to a broker. Raises when it cannot; some may have got through then.
Publish = Callable[[Sequence[Message]], None]
#: Of these jobs, so many due of each: those of which the broker holds as many and more. Raises when
#: it cannot tell.
InLine = Callable[[Mapping[str, int]], Collection[str]]


@dataclass(frozen=True)
class Occasion:
    """A job to be queued. `subject` is what it works on; `key` tells one occasion from another."""

    workspace_id: str
    job: str
    subject: str
    key: str
    args: dict[str, Any]
    #: It is first published by the sweeper at that time.
    not_before: datetime | None = None


def enqueue(
    session: Session,
    *,
    workspace_id: str,
    job: str,
    subject: str,
    key: str,
    args: dict[str, Any],
    now: datetime,
    not_before: datetime | None = None,
) -> bool:
    """Queue a job in this transaction; False when this very occasion (job, key) is queued already.

    With `not_before` it is first published by the sweeper at that time.
    """
    occasion = Occasion(workspace_id, job, subject, key, args, not_before)
    return enqueue_all(session, [occasion], now=now) == 1


def enqueue_all(session: Session, occasions: Sequence[Occasion], *, now: datetime) -> int:
    """Queue these jobs in this transaction; how many of them were not queued already."""
    rows = {new_id("out"): occasion for occasion in occasions}
    fresh = insert_new(session, Outbox, [_row(id, one, now) for id, one in rows.items()])
    wake = session.info.get(WAKE)
    soon = [
        Message(one.job, dict(one.args))
        for id, one in rows.items()
        if id in fresh and not _is_later(one, now)
    ]
    if wake is not None and soon:
        after_commit(session, partial(wake, soon))
    return len(fresh)


def _row(id: str, occasion: Occasion, now: datetime) -> dict[str, Any]:
    return {
        "id": id,
        "workspace_id": occasion.workspace_id,
        "job": occasion.job,
        "subject": occasion.subject,
        "key": occasion.key,
        "args": occasion.args,
        "created_at": now,
        "next_at": occasion.not_before if _is_later(occasion, now) else now + PATIENCE,
    }


def _is_later(occasion: Occasion, now: datetime) -> bool:
    return occasion.not_before is not None and occasion.not_before > now


def hasten(session: Session, *, job: str, subject: str, now: datetime) -> None:
    """Have what is queued of this job for this subject published after this commit, not later."""
    query = select(Outbox.id, Outbox.args).where(
        Outbox.job == job, Outbox.subject == subject, col(Outbox.done_at).is_(None)
    )
    rows = session.exec(query).all()
    if not rows:
        return
    ids = [row_id for row_id, _args in rows]
    session.execute(update(Outbox).where(col(Outbox.id).in_(ids)).values(next_at=now + PATIENCE))
    wake = session.info.get(WAKE)
    if wake is not None:
        after_commit(session, partial(wake, [Message(job, dict(rows[0][1]))]))


def again_by(session: Session, *, job: str, subject: str, at: datetime) -> None:
    """Have what was published of this job for this subject published again at `at`, if it is still
    open then and was to wait for longer."""
    rows = update(Outbox).where(
        col(Outbox.job) == job,
        col(Outbox.subject) == subject,
        col(Outbox.done_at).is_(None),
        col(Outbox.published) > 0,
        col(Outbox.next_at) > at,
    )
    session.execute(rows.values(next_at=at))


def open_rows(session: Session, *, job: str, subject: str) -> list[str]:
    """Ids of the rows asking for this job on this subject. Read before the work starts, they are
    what `finish` may close after it: a row that arrives meanwhile stays open and is published."""
    found = session.connection().execute(_OPEN, {"job": job, "subject": subject})
    return list(found.scalars())


def finish(session: Session, ids: Sequence[str], *, now: datetime) -> None:
    """Close these rows: call it in the transaction that did their work."""
    if ids:
        session.connection().execute(_FINISH, {"ids": list(ids), "now": now})


def count_due(session: Session, *, now: datetime) -> dict[str, int]:
    """How many rows of each job are due: a look that writes nothing."""
    query = (
        select(Outbox.job, func.count())
        .where(col(Outbox.done_at).is_(None), Outbox.next_at <= now)
        .group_by(Outbox.job)
    )
    return dict(session.exec(query).all())


def take_due(
    session: Session, *, now: datetime, in_line: Collection[str] = (), limit: int = 200
) -> list[Message]:
    """Rows whose time has come, their next time moved on; publish them after the commit.

    Jobs that are `in_line` at the broker are left there, so that a long line is not made longer by
    itself; a row that is due for a minute is taken all the same.
    """
    query = (
        select(Outbox.id, Outbox.job, Outbox.args, Outbox.published)
        .where(
            col(Outbox.done_at).is_(None),
            Outbox.next_at <= now,
            col(Outbox.job).not_in(in_line) | (col(Outbox.next_at) <= now - LONGEST),
        )
        .order_by(col(Outbox.next_at))
        .limit(limit)
    )
    due = session.exec(query).all()
    by_count: dict[int, list[str]] = defaultdict(list)
    for row_id, _job, _args, published in due:
        by_count[published + 1].append(row_id)
    for count, ids in by_count.items():
        wait = timedelta(seconds=BACKOFF_S[min(count, len(BACKOFF_S) - 1)])
        rows = update(Outbox).where(col(Outbox.id).in_(ids))
        session.execute(rows.values(published=count, next_at=now + wait))
    return [Message(job, dict(args)) for _id, job, args, _published in due]
