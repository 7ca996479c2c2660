"""Token buckets shared by all workers: how often a connector and each of its tools may be called.

A bucket is one moment, when it will be full again (the generic cell rate algorithm of ATM Forum
TM 4.0, as used by https://github.com/brandur/redis-cell): a call moves it on by one interval, and
may be made while it lies within a minute from now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from core.db import insert_new
from tools.tables import Bucket

_HOLDS = timedelta(minutes=1)


@dataclass(frozen=True)
class Rate:
    """How fast a bucket fills, and how many calls are to be taken from it."""

    per_minute: int
    calls: int = 1


def after_call(full_at: datetime, rate: Rate, *, now: datetime) -> datetime:
    """When the bucket is full again once these calls were taken from it. Pure."""
    return max(full_at, now) + min(rate.calls, rate.per_minute) * (_HOLDS // rate.per_minute)


def take(
    session: Session, *, workspace_id: str, rates: Mapping[str, Rate], now: datetime
) -> datetime | None:
    """Take from each of these buckets, by name, or from none of them.

    None when taken; else the moment from which it is worth trying again.
    """
    rows = _locked(session, workspace_id, rates, now)
    after = {row.name: after_call(row.full_at, rates[row.name], now=now) for row in rows}
    free = max(after.values()) - _HOLDS
    if free > now:
        return free
    for row in rows:
        row.full_at = after[row.name]
        session.add(row)
    session.flush()
    return None


def _locked(
    session: Session, workspace_id: str, rates: Mapping[str, Rate], now: datetime
) -> list[Bucket]:
    query = (
        select(Bucket)
        .where(Bucket.workspace_id == workspace_id, col(Bucket.name).in_(rates))
        .order_by(col(Bucket.name))  # locked in one order by everybody
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    rows = list(session.exec(query))
    if len(rows) == len(rates):
        return rows
    fresh = [{"workspace_id": workspace_id, "name": name, "full_at": now} for name in rates]
    insert_new(session, Bucket, fresh)
    return list(session.exec(query))
