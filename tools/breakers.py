"""Circuit breakers: a connector whose system does not answer is left alone for a while.

closed --so many calls in a row without an answer--> open --its time is over--> one probe
probe answered --> closed; probe not answered --> open, for longer each time.

A system that asks to wait (`Retry-After`) opens it at once for as long. What a call costs while all
is well: one SELECT by primary key, nothing written.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update
from sqlmodel import Session, col

from audit.log import Log
from core.db import insert_once
from tools.contract import Tool, Unavailable
from tools.limits import Limits
from tools.tables import Breaker

_ACTOR = "system:tools"
# Built once, on the table itself: every job of every action looks. Its rows are changed by guarded
# updates alone, so what a look gives belongs to no session.
_BREAKERS = Breaker.__table__  # type: ignore[attr-defined]
_LOOK = select(_BREAKERS).where(
    _BREAKERS.c.workspace_id == bindparam("workspace"), _BREAKERS.c.connector == bindparam("named")
)


def connector_of(tool_name: str) -> str:
    """`shop.refund` belongs to `shop`."""
    return tool_name.partition(".")[0]


def look(session: Session, *, workspace_id: str, tool_name: str) -> Breaker | None:
    """The breaker of this tool's connector; None where nothing was ever wrong."""
    of = {"workspace": workspace_id, "named": connector_of(tool_name)}
    row = session.connection().execute(_LOOK, of).mappings().one_or_none()
    return None if row is None else Breaker(**row)


def closed_until(seen: Breaker | None, *, now: datetime) -> datetime | None:
    """Until when no call may be made; None when one may, be it as the probe. Pure.

    One that opens later than now was opened before the clock was set back: its time says nothing.
    """
    if seen is None or seen.opened_at is None or seen.until is None or seen.until <= now:
        return None
    if seen.opened_at > now:
        return None
    return seen.until


def take_probe(session: Session, seen: Breaker, *, lasts: timedelta, now: datetime) -> bool:
    """Be the one who tries whether it answers again. False when somebody was faster."""
    changed = session.execute(
        update(Breaker)
        .where(
            col(Breaker.workspace_id) == seen.workspace_id,
            col(Breaker.connector) == seen.connector,
            col(Breaker.opened_at).is_not(None),
            (col(Breaker.until) <= now) | (col(Breaker.opened_at) > now),
        )
        # Not later than now, whatever the clock said when it opened.
        .values(probing=True, until=now + lasts, opened_at=min(seen.opened_at or now, now))
        .execution_options(synchronize_session=False)
    )
    return changed.rowcount == 1  # type: ignore[attr-defined,no-any-return]


def leave_probe(session: Session, seen: Breaker, *, now: datetime) -> None:
    """The probe asked nobody after all (not every preview does): the next one may try."""
    session.execute(
        update(Breaker)
        .where(
            col(Breaker.workspace_id) == seen.workspace_id,
            col(Breaker.connector) == seen.connector,
            col(Breaker.probing),
        )
        .values(probing=False, until=now)
        .execution_options(synchronize_session=False)
    )


def failed(
    session: Session,
    log: Log,
    limits: Limits,
    tool: Tool,
    error: Unavailable,
    *,
    workspace_id: str,
    chance: float,
    now: datetime,
) -> None:
    """A call got no answer: count it, and open the breaker when it is one too many."""
    row = _locked(session, workspace_id, connector_of(tool.name))
    row.failures += 1
    waits = limits.retry_after(error.retry_after_s)
    was_open = row.opened_at is not None
    still = was_open and not row.probing and row.until is not None and row.until > now
    too_many = row.failures >= limits.breaker_failures
    if not still and (row.probing or too_many or waits is not None):
        row.opens += 1
        row.opened_at = row.opened_at or now
        row.until = now + max(limits.breaker_wait(row.opens, chance), waits or timedelta())
        row.probing = False
        row.why = error.sentence
        if not was_open:
            _note(session, log, row, "opened", f"Left alone for a while: {row.why}", now=now)
    elif still and waits is not None and row.until is not None:
        row.until = max(row.until, now + waits)
    session.add(row)


def answered(session: Session, log: Log, seen: Breaker, *, now: datetime) -> None:
    """A call was answered, be it with no: whatever was wrong is over."""
    row = _locked(session, seen.workspace_id, seen.connector)
    if row.opened_at is not None:
        _note(session, log, row, "closed", "It answers again", now=now)
    row.failures = row.opens = 0
    row.opened_at = row.until = None
    row.probing, row.why = False, ""
    session.add(row)


def _locked(session: Session, workspace_id: str, connector: str) -> Breaker:
    insert_once(session, Breaker(workspace_id=workspace_id, connector=connector))
    return session.get_one(
        Breaker, (workspace_id, connector), with_for_update=True, populate_existing=True
    )


def _note(
    session: Session, log: Log, row: Breaker, what: str, reason: str, *, now: datetime
) -> None:
    log.record(
        session,
        workspace_id=row.workspace_id,
        type=f"tools:connector:{what}",
        subject=row.connector,
        actor=_ACTOR,
        at=now,
        reason=reason,
    )
