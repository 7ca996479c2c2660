"""Time, always aware and in UTC. Code takes a `Clock`; only tests and the sandbox move one."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

#: Less is a clock that is put right little by little.
_STEP_S = 1.0


class Clock(Protocol):
    def now(self) -> datetime:
        """The current moment, aware, in UTC."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class HeldClock:
    """A clock that a test holds: it moves only when told to."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def advance(self, by: timedelta) -> None:
        self._at += by


class FileClock:
    """Real time plus the seconds written in a file, so that every process of a practice office
    can be moved at once. A missing or empty file means no offset."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._offset())

    def _offset(self) -> float:
        try:
            return float(self._path.read_text() or 0)
        except FileNotFoundError:
            return 0.0


class ClockWatch:
    """Tells whether the clock was set, or the machine stood still (a suspended VM): then the time
    of day and the machine's own count of seconds do not go together."""

    def __init__(
        self,
        of_day: Callable[[], float] = time.time,
        counted: Callable[[], float] = time.monotonic,
    ) -> None:
        self._of_day, self._counted = of_day, counted
        self._apart = of_day() - counted()
        self._set_at: float | None = None

    def even_for(self, seconds: float) -> bool:
        """Whether nothing was seen of it in the last so many seconds, this moment included."""
        now = self._counted()
        apart = self._of_day() - now
        if abs(apart - self._apart) > _STEP_S:
            self._set_at = now
        self._apart = apart
        return self._set_at is None or now - self._set_at >= seconds


def always_even(_seconds: float) -> bool:
    """Where nobody sets the clock behind one's back."""
    return True
