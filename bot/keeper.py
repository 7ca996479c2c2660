"""The keeper: leased loops that keep time. Any number may run; one holds the lease, the others
stand by and take over when it expires."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from core.clock import Clock
from core.db import Database
from core.errors import LeaseLost, SignoffError, StorageError
from core.leases import Held, release, renew, take
from core.outbox import InLine, Publish, count_due, take_due

LEASE = timedelta(seconds=15)
_RENEW_S = 5.0
log = structlog.get_logger()

#: One look at the database: does what is due in this transaction, returns how much it did.
Look = Callable[[Session, datetime], int]


@dataclass(frozen=True)
class Loop:
    """A look that is taken again every so often, in a transaction of its own each time."""

    name: str
    every_s: float
    look: Look


class Keeper:
    """Runs the loops while it holds the lease."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        publish: Publish,
        loops: Sequence[Loop],
        in_line: InLine = lambda _due: (),
    ) -> None:
        self._db, self._clock, self._publish, self._in_line = db, clock, publish, in_line
        self._loops = loops
        self._held: Held | None = None
        self._stop = threading.Event()
        self._due = {loop.name: 0.0 for loop in loops}
        self._ticks = 0.0
        self._renew_at = 0.0

    def run(self, *, tick_s: float = 0.5) -> None:
        """Work until `stop` is called. A database that cannot be reached is waited for."""
        while not self._stop.wait(tick_s):
            self._ticks += tick_s
            try:
                if self._hold():
                    self._tick()
            except SignoffError as error:
                log.warning("keeper_waits", error=type(error).__name__)
        self._give_back()

    def stop(self) -> None:
        """Have `run` return; safe in a signal handler."""
        self._stop.set()

    def _tick(self) -> None:
        self._sweep()
        for loop in self._loops:
            if self._ticks < self._due[loop.name]:
                continue
            self._due[loop.name] = self._ticks + loop.every_s
            self._look(loop)

    def _look(self, loop: Loop) -> None:
        """One look. What fails in it holds up no other loop, and is tried again at its time."""
        try:
            with self._db.transaction() as session:
                loop.look(session, self._clock.now())
        except StorageError:
            raise
        except Exception:
            log.exception("loop_failed", loop=loop.name, reference=secrets.token_hex(4))

    def _sweep(self) -> None:
        """Publish again what is not done and due: a wiped broker costs seconds (P8)."""
        with self._db.read() as session:
            counts = count_due(session, now=self._clock.now())
        if not counts:
            return
        in_line = self._still_in_line(counts)
        with self._db.transaction() as session:
            due = take_due(session, now=self._clock.now(), in_line=in_line)
        if not due:
            return
        try:
            self._publish(due)
        except Exception as error:  # noqa: BLE001 - any broker fault: the next sweep has them
            log.warning("publish_failed", count=len(due), error=type(error).__name__)

    def _still_in_line(self, counts: Mapping[str, int]) -> Collection[str]:
        try:
            return self._in_line(counts)
        except Exception as error:  # noqa: BLE001 - any broker fault: then they count as lost
            log.info("line_not_known", error=type(error).__name__)
            return ()

    def _give_back(self) -> None:
        """The next keeper need not wait for the lease to run out."""
        if self._held is None:
            return
        try:
            with self._db.transaction() as session:
                release(session, self._held, now=self._clock.now())
        except SignoffError as error:
            log.warning("lease_not_given_back", error=type(error).__name__)
        self._held = None

    def _hold(self) -> bool:
        if self._ticks < self._renew_at:
            return self._held is not None
        now = self._clock.now()
        with self._db.transaction() as session:
            if self._held:
                try:
                    renew(session, self._held, ttl=LEASE, now=now)
                except LeaseLost:
                    self._held = None
            if self._held is None:
                self._held = take(
                    session, name="keeper", holder=str(os.getpid()), ttl=LEASE, now=now
                )
        self._renew_at = self._ticks + _RENEW_S
        return self._held is not None
