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

import structlog
from sqlalchemy import update
from sqlmodel import Field, Session, SQLModel, col

from core.clock import Clock
from core.db import Database, UtcDateTime, insert_once
from core.errors import LeaseLost, SignoffError

log = structlog.get_logger()


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


def take(session: Session, *, name: str, holder: str, ttl: timedelta, now: datetime) -> Held | None:
    """Take a free or expired lease; None while somebody holds it."""
    if insert_once(session, Lease(name=name, holder=holder, token=1, expires_at=now + ttl)):
        return Held(name, 1)
    changed = session.execute(
        update(Lease)
        .where(col(Lease.name) == name, col(Lease.expires_at) <= now)
        .values(holder=holder, token=Lease.token + 1, expires_at=now + ttl)
        .returning(col(Lease.token))
    ).scalar_one_or_none()
    return None if changed is None else Held(name, changed)


def renew(session: Session, held: Held, *, ttl: timedelta, now: datetime) -> None:
    """Hold on for another `ttl`. Raises `LeaseLost` when someone else took it meanwhile."""
    _touch(session, held, expires_at=now + ttl)


def release(session: Session, held: Held, *, now: datetime) -> None:
    """Give the lease back; its token is never given out again. Raises `LeaseLost`."""
    _touch(session, held, expires_at=now)


def guard(session: Session, held: Held) -> None:
    """Raise `LeaseLost` unless this token is still the newest; locks the row for this commit."""
    _touch(session, held, holder=Lease.holder)


def _touch(session: Session, held: Held, **values: object) -> None:
    result = session.execute(
        update(Lease)
        .where(col(Lease.name) == held.name, col(Lease.token) == held.token)
        .values(**values)
    )
    if result.rowcount != 1:  # type: ignore[attr-defined]
        raise LeaseLost(f"{held.name} was taken over")


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
