"""Dead letters: jobs that failed so often that a person must look.

A try counts as failed when a worker says so: it raised, ran out of its time limit, or died with it.
A message lost on its way is no failure; the sweeper publishes it again for as long as it takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Column, update
from sqlmodel import Field, Session, SQLModel, col, select

from core.db import UtcDateTime
from core.errors import SignoffError
from core.ids import new_id
from core.outbox import Outbox, enqueue


class NoSuchLetter(SignoffError):
    """There is no such dead letter, or it was dealt with. `signoff dead list` shows what waits."""


class DeadLetter(SQLModel, table=True):
    __tablename__ = "dead_letter"

    id: str = Field(primary_key=True)
    workspace_id: str = Field(index=True)
    job: str
    subject: str = Field(index=True)
    key: str
    args: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    tries: int
    #: What the last try came to, for operators: an error's kind, never its text.
    why: str
    died_at: datetime = Field(sa_type=UtcDateTime)
    #: dead | replayed | dropped
    status: str = Field(default="dead", index=True)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_by: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Patience:
    """How often a job may fail, and the waits between: seconds, doubled up to the longest."""

    tries: int = 16
    first_s: float = 5.0
    longest_s: float = 600.0

    def wait(self, failures: int, chance: float) -> timedelta:
        """The wait after failure 1, 2, …: `chance` (0 to 1) of the longest it may be then."""
        longest = min(self.first_s * 2.0 ** min(failures - 1, 60), self.longest_s)
        return timedelta(seconds=longest * chance)


def job_failed(
    session: Session,
    *,
    job: str,
    subject: str,
    why: str,
    patience: Patience,
    chance: float,
    now: datetime,
) -> list[DeadLetter]:
    """Count a failed try of this job; the dead letters made, where it was one too many.

    Otherwise it is published again after a wait drawn at random.
    """
    query = (
        select(Outbox)
        .where(Outbox.job == job, Outbox.subject == subject, col(Outbox.done_at).is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    letters = []
    for row in session.exec(query):
        row.failures += 1
        row.next_at = now + patience.wait(row.failures, chance)
        if row.failures >= patience.tries:
            row.done_at = now
            letters.append(_letter(row, why, now))
        session.add(row)
    session.add_all(letters)
    session.flush()
    return letters


def dead_letters(session: Session, *, workspace_id: str) -> Sequence[DeadLetter]:
    """Those that wait for a person, oldest first."""
    query = select(DeadLetter).where(
        DeadLetter.workspace_id == workspace_id, DeadLetter.status == "dead"
    )
    return session.exec(query.order_by(col(DeadLetter.died_at), col(DeadLetter.id))).all()


def replay(session: Session, letter_id: str, *, by: str, now: datetime) -> DeadLetter:
    """Queue the job again, with all its tries. Raises `NoSuchLetter`."""
    letter = _decide(session, letter_id, "replayed", by=by, reason=None, now=now)
    enqueue(
        session,
        workspace_id=letter.workspace_id,
        job=letter.job,
        subject=letter.subject,
        key=f"{letter.key}:{letter.id}",
        args=dict(letter.args),
        now=now,
    )
    return letter


def drop(session: Session, letter_id: str, *, by: str, reason: str, now: datetime) -> DeadLetter:
    """It is not to be done any more. Raises `NoSuchLetter`."""
    return _decide(session, letter_id, "dropped", by=by, reason=reason, now=now)


def _decide(
    session: Session, letter_id: str, status: str, *, by: str, reason: str | None, now: datetime
) -> DeadLetter:
    changed = session.execute(
        update(DeadLetter)
        .where(col(DeadLetter.id) == letter_id, col(DeadLetter.status) == "dead")
        .values(status=status, decided_at=now, decided_by=by, reason=reason)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise NoSuchLetter()
    return session.get_one(DeadLetter, letter_id, populate_existing=True)


def _letter(row: Outbox, why: str, now: datetime) -> DeadLetter:
    return DeadLetter(
        id=new_id("dead"),
        workspace_id=row.workspace_id,
        job=row.job,
        subject=row.subject,
        key=row.key,
        args=dict(row.args),
        tries=row.failures,
        why=why,
        died_at=now,
    )
