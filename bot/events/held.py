"""Events of other systems that wait because their rule, or everything, is stopped: how many, and
dropping one, so that nothing is done on it when its rule goes on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from audit.log import Log
from bot.events.intake import JOB, key_of, opening_id
from bot.tables import Inbound
from core.errors import SignoffError
from core.outbox import Outbox, finish, open_rows
from core.posts import Post
from graphs.runtime.fork import Who


class NothingWaits(SignoffError):
    """Nothing of this event waits, so there is nothing to drop. `signoff events show` tells what
    became of it; `/signoff stop` ends what is under way."""


@dataclass(frozen=True)
class Held:
    """Work on events that waits, and since when the oldest of it does."""

    count: int
    since: datetime

    @property
    def words(self) -> str:
        """`1 event of another system`, `14 events of other systems`."""
        if self.count == 1:
            return "1 event of another system"
        return f"{self.count:,} events of other systems"


def held_events(
    session: Session, *, workspace_id: str, rule: str | None, but: Collection[str] = ()
) -> Held | None:
    """What waits to be begun by this rule, or by any `but` those; None when nothing does."""
    query = select(func.count(), func.min(Outbox.created_at)).where(
        Outbox.workspace_id == workspace_id, Outbox.job == JOB, col(Outbox.done_at).is_(None)
    )
    if rule is not None:
        query = query.where(col(Outbox.key).startswith(key_of(rule)))
    for one in but:
        query = query.where(~col(Outbox.key).startswith(key_of(one)))
    count, since = session.exec(query).one()
    return Held(count, since) if count else None


def drop(
    session: Session, audit: Log, *, event_id: str, who: Who, reason: str, now: datetime
) -> list[str]:
    """Have nothing done on this event by the rules that have not begun; their names.

    It can still be played again. Raises `NothingWaits` where every rule has begun.
    """
    # Whoever begins one holds this row as well: it is dropped or begun, never both.
    row = session.get_one(Inbound, event_id, with_for_update=True, populate_existing=True)
    dropped: dict[str, str] = {}
    for start in row.payload["starts"]:
        rule = str(start["happened"]["rule"])
        subject = opening_id(row.id, rule)
        rows = open_rows(session, job=JOB, subject=subject)
        begun = select(Post.id).where(Post.subject == subject, Post.kind == "event")
        if rows and session.exec(begun).first() is None:
            finish(session, rows, now=now)
            dropped[rule] = f"{who.name}: {reason}"
    if not dropped:
        raise NothingWaits()
    row.payload = {**row.payload, "dropped": {**row.payload.get("dropped", {}), **dropped}}
    session.add(row)
    named = " and ".join(dropped)
    audit.record(
        session,
        workspace_id=row.workspace_id,
        type="bot:event:dropped",
        subject=row.id,
        actor=who.actor,
        at=now,
        reason=f"{who.name} dropped the event of {row.user} before {named} began: {reason}",
    )
    return list(dropped)
