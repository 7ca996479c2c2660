"""How many events of other systems wait because their rule, or everything, is stopped."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from bot.events.intake import JOB, key_of
from core.outbox import Outbox


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
