"""A digest asked for by hand: a schedule that is never due by itself, and one run of it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.schedules import Due, queue_run
from bot.tables import Schedule
from core.db import insert_once
from core.ids import derive_id


def ask_digest(
    session: Session, *, workspace_id: str, channel: str, tz: str, now: datetime
) -> bool:
    """Queue a digest of today, up to now, for this channel. False when this very moment's was."""
    # Not active: the keeper's clock passes it by, and the configuration file knows nothing of it.
    schedule = Schedule(
        id=derive_id("sch", workspace_id, "asked", channel),
        workspace_id=workspace_id,
        automation="digest",
        channel=channel,
        local_time="00:00",
        days="",
        tz=tz,
        active=False,
        config_digest="asked",
        created_at=now,
    )
    insert_once(session, schedule)
    midnight = now.astimezone(ZoneInfo(tz)).replace(hour=0, minute=0, second=0, microsecond=0)
    return queue_run(session, schedule, Due(since=midnight, due_at=now), now=now)
