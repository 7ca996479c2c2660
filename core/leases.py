"""Leases: rows in SQL with a fencing token that only grows.

Whoever takes a lease gets a token higher than any before it. Every write made under the lease
calls `guard` in its own transaction, so a holder that was paused past its time and woke up again
cannot write. Tokens also travel to stores outside SQL, which refuse a lower one.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Update, bindparam, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Field, Session, SQLModel, select

from core.clock import Clock
from core.db import Database, UtcDateTime
from core.errors import LeaseLost, SignoffError

log = structlog.get_logger()
#: Clocks of two machines may differ by as much.
_SKEW = timedelta(minutes=5)


class Lease(SQLModel, table=True):
    name: str = Field(primary_key=True)
    holder: str
    token: int
    expires_at: datetime = Field(sa_type=UtcDateTime)


@dataclass(frozen=True)
class Held:
    """Proof of a taken lease: what `guard`, `renew` and `release` ask for."""

    name: str
    token: int


# Built once, on the table itself: every write of every turn and post looks at its lease.
_LEASES = Lease.__table__  # type: ignore[attr-defined]
_MINE = update(_LEASES).where(
    _LEASES.c.name == bindparam("held_name"), _LEASES.c.token == bindparam("held_token")
)
_EXTEND = _MINE.values(expires_at=bindparam("until"))
_GUARD = _MINE.values(holder=_LEASES.c.holder)


def take(session: Session, *, name: str, holder: str, ttl: timedelta, now: datetime) -> Held | None:
    """Take a free or expired lease; None while somebody holds it.

    One that has far longer to run than any such lease was taken before the clock was set back, and
    is free too: whoever still holds it finds a newer token.
    """
    row = {"name": name, "holder": holder, "token": 1, "expires_at": now + ttl}
    when = {"now": now, "latest": now + ttl + _SKEW}
    taking = _TAKE[session.get_bind().dialect.name]
    token = session.connection().execute(taking, {**row, **when}).scalar_one_or_none()
    return None if token is None else Held(name, token)


def renew(session: Session, held: Held, *, ttl: timedelta, now: datetime) -> None:
    """Hold on for another `ttl`. Raises `LeaseLost` when someone else took it meanwhile."""
    _touch(session, held, _EXTEND, until=now + ttl)


def release(session: Session, *held: Held, now: datetime) -> None:
    """Give leases back; their tokens are never given out again. Raises `LeaseLost`.

    Like `guard` it locks their rows for this commit: who ends its work with it needs no other look.
    """
    for one in held:
        _touch(session, one, _EXTEND, until=now)


def guard(session: Session, held: Held) -> None:
    """Raise `LeaseLost` unless this token is still the newest; locks the row for this commit."""
    _touch(session, held, _GUARD)


def ends_at(session: Session, name: str) -> datetime:
    """When this lease, which somebody took, is free again unless it is renewed."""
    return session.exec(select(Lease.expires_at).where(Lease.name == name)).one()


def _touch(session: Session, held: Held, change: Update, **values: datetime) -> None:
    row = {"held_name": held.name, "held_token": held.token, **values}
    if session.connection().execute(change, row).rowcount != 1:
        raise LeaseLost(f"{held.name} was taken over")


def _taking(insert: Any) -> Any:
    """A lease that nobody had begins with token 1; an expired one goes on with the next."""
    new = insert(_LEASES)
    return new.on_conflict_do_update(
        index_elements=["name"],
        set_={
            "holder": new.excluded.holder,
            "token": _LEASES.c.token + 1,
            "expires_at": new.excluded.expires_at,
        },
        where=(_LEASES.c.expires_at <= bindparam("now", type_=_LEASES.c.expires_at.type))
        | (_LEASES.c.expires_at > bindparam("latest", type_=_LEASES.c.expires_at.type)),
    ).returning(_LEASES.c.token)


_TAKE = {"sqlite": _taking(sqlite_insert), "postgresql": _taking(pg_insert)}


class Keepalive:
    """Renews leases from a thread while a block runs; `lost` is set when one was taken over.

    >>> with Keepalive(db, clock, [turn, conversation], ttl=timedelta(seconds=15)) as alive: ...
    """

    def __init__(self, db: Database, clock: Clock, held: Sequence[Held], *, ttl: timedelta) -> None:
        self._db, self._clock, self._held, self._ttl = db, clock, tuple(held), ttl
        self._stop = threading.Event()
        self.lost = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keepalive", daemon=True)

    def __enter__(self) -> Keepalive:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        every = self._ttl.total_seconds() / 3
        while not self._stop.wait(every):
            try:
                self._renew()
            except LeaseLost:
                self.lost.set()
                return
            except SignoffError as error:
                log.warning("lease_renewal_failed", error=type(error).__name__)

    def _renew(self) -> None:
        with self._db.transaction() as session:
            for held in self._held:
                renew(session, held, ttl=self._ttl, now=self._clock.now())
