"""The company's local time, with its two odd hours a year."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tools.contract import Refused

#: When people can be met.
OPENS, CLOSES = time(9), time(17)
_SHORTEST = timedelta(minutes=15)

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class LocalTime:
    """Text in company time to moments in UTC, and back."""

    zone: ZoneInfo

    @classmethod
    def of(cls, name: str) -> LocalTime:
        """Raises `Refused` for a name that is no time zone."""
        try:
            return cls(ZoneInfo(name))
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise Refused(
                "COMPANY_TZ is not a time zone like Europe/Berlin.", code="misconfigured"
            ) from error

    def moment(self, text: str) -> datetime:
        """Raises `Refused` for an hour that the clock change skips."""
        at = datetime.fromisoformat(text).replace(tzinfo=self.zone)
        moment = at.astimezone(UTC)
        if moment.astimezone(self.zone).replace(tzinfo=None) != at.replace(tzinfo=None):
            raise Refused(f"There is no {text[11:16]} on {text[:10]}.", code="no_such_time")
        return moment

    def text(self, moment: datetime) -> str:
        """Like 2026-11-23T10:00."""
        return moment.astimezone(self.zone).strftime("%Y-%m-%dT%H:%M")

    def words(self, moment: datetime) -> str:
        """Like Mon 23 Nov 2026, 10:00."""
        return moment.astimezone(self.zone).strftime("%a %d %b %Y, %H:%M")

    def day(self, text: str) -> Span:
        """From midnight to midnight, in UTC."""
        day = date.fromisoformat(text)
        return self._at(day, time()), self._at(day + timedelta(days=1), time())

    def working(self, text: str) -> Span:
        day = date.fromisoformat(text)
        return self._at(day, OPENS), self._at(day, CLOSES)

    def _at(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self.zone).astimezone(UTC)


def gaps(within: Span, busy: Iterable[Span]) -> list[Span]:
    """What is left of `within`, in pieces of a quarter of an hour or more."""
    found: list[Span] = []
    free_from, end = within
    for start, stop in sorted(busy):
        if start - free_from >= _SHORTEST:
            found.append((free_from, min(start, end)))
        free_from = max(free_from, stop)
        if free_from >= end:
            return found
    if end - free_from >= _SHORTEST:
        found.append((free_from, end))
    return found
