"""Token buckets shared by all workers: how often a connector and each of its tools may be called.

A bucket is one moment, when it will be full again (the generic cell rate algorithm of ATM Forum
TM 4.0, as used by https://github.com/brandur/redis-cell): a call moves it on by one interval, and
may be made while it lies within a minute from now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update
from sqlmodel import Session

from core.db import insert_new
from tools.tables import Bucket

_HOLDS = timedelta(minutes=1)
#: Clocks of two machines may differ by as much.
_SKEW = timedelta(minutes=5)
# Built once, on the table itself: every call of every tool takes from two of them.
_BUCKETS = Bucket.__table__  # type: ignore[attr-defined]
_THESE = (
    select(_BUCKETS.c.name, _BUCKETS.c.full_at)
    .where(
        _BUCKETS.c.workspace_id == bindparam("of"),
        _BUCKETS.c.name.in_(bindparam("names", expanding=True)),
    )
    .order_by(_BUCKETS.c.name)  # locked in one order by everybody
    .with_for_update()
)
_FILLED = (
    update(_BUCKETS)
    .where(_BUCKETS.c.workspace_id == bindparam("of"), _BUCKETS.c.name == bindparam("called"))
    .values(full_at=bindparam("until"))
)


@dataclass(frozen=True)
class Rate:
    """How fast a bucket fills, and how many calls are to be taken from it."""

    per_minute: int
    calls: int = 1


def after_call(full_at: datetime, rate: Rate, *, now: datetime) -> datetime:
    """When the bucket is full again once these calls were taken from it. Pure.

    None takes longer than a minute to fill: one that would by far was taken from before the clock
    was set back, and counts as full.
    """
    full_from = max(full_at, now) if full_at <= now + _HOLDS + _SKEW else now
    return full_from + min(rate.calls, rate.per_minute) * (_HOLDS // rate.per_minute)


def take(
    session: Session, *, workspace_id: str, rates: Mapping[str, Rate], now: datetime
) -> datetime | None:
    """Take from each of these buckets, by name, or from none of them.

    None when taken; else the moment from which it is worth trying again.
    """
    found = _locked(session, workspace_id, rates, now)
    after = {name: after_call(full_at, rates[name], now=now) for name, full_at in found.items()}
    free = max(after.values()) - _HOLDS
    if free > now:
        return free
    taken = [{"of": workspace_id, "called": name, "until": at} for name, at in after.items()]
    session.connection().execute(_FILLED, taken)
    return None


def hold(session: Session, *, workspace_id: str, name: str, now: datetime) -> None:
    """Nobody else holds this name, or takes from its bucket, until the transaction ends."""
    _locked(session, workspace_id, {name: Rate(1)}, now)


def _locked(
    session: Session, workspace_id: str, rates: Mapping[str, Rate], now: datetime
) -> dict[str, datetime]:
    """When each of these buckets is full again, by name; nobody else takes from them meanwhile."""
    wanted = {"of": workspace_id, "names": list(rates)}
    found = session.connection().execute(_THESE, wanted).all()
    if len(found) < len(rates):
        fresh = [{"workspace_id": workspace_id, "name": name, "full_at": now} for name in rates]
        insert_new(session, Bucket, fresh)
        found = session.connection().execute(_THESE, wanted).all()
    return {row.name: row.full_at for row in found}
