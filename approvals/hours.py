"""Working time: when somebody works, and how long a span of it lasts. Pure.

All moments are aware datetimes in UTC; a day's hours begin and end by the person's own wall clock,
so a night in which the clocks change makes a day longer or shorter and no working hour is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: Minutes after midnight.
_NINE, _FIVE = 9 * 60, 17 * 60


@dataclass(frozen=True)
class Hours:
    """Somebody's working week. `begin` and `end` are minutes after midnight, `end` at most 1440."""

    tz: str
    begin: int = _NINE
    end: int = _FIVE
    #: 0 is Monday.
    days: frozenset[int] = frozenset(range(5))
    holidays: frozenset[date] = frozenset()

    def is_working(self, at: datetime) -> bool:
        """Whether this moment is within working time; the end of a day is not."""
        begin, end = self._window(at.astimezone(self._zone).date())
        return begin <= at < end

    def next_working(self, at: datetime) -> datetime:
        """This moment, or the beginning of the working time that follows it."""
        begin, _ = next(self._windows(at))
        return max(at, begin)

    def after(self, start: datetime, seconds: int) -> datetime:
        """When this many seconds of working time since `start` have passed."""
        left = timedelta(seconds=seconds)
        for begin, end in self._windows(start):
            begin = max(begin, start)  # noqa: PLW2901 - the first one may have begun already
            if begin + left <= end:
                return begin + left
            left -= end - begin
        raise AssertionError("working days never end")

    def worked(self, start: datetime, end: datetime) -> int:
        """Seconds of working time from `start` to `end`; 0 when they stand the other way round."""
        total = timedelta()
        for begins, ends in self._windows(start):
            if begins >= end:
                break
            total += min(ends, end) - max(begins, start)
        return max(0, int(total.total_seconds()))

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.tz)

    def _windows(self, since: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Stretches of working time that end after `since`, for ever."""
        day = since.astimezone(self._zone).date() - timedelta(days=1)
        while True:
            begin, end = self._window(day)
            if end > since and begin < end:
                yield begin, end
            day += timedelta(days=1)

    def _window(self, day: date) -> tuple[datetime, datetime]:
        """One day's working time; empty on a day off."""
        begin, end = self._at(day, self.begin), self._at(day, self.end)
        if day.weekday() not in self.days or day in self.holidays:
            return begin, begin
        return begin, end

    def _at(self, day: date, minutes: int) -> datetime:
        if minutes == 24 * 60:
            day, minutes = day + timedelta(days=1), 0
        local = datetime.combine(day, time(minutes // 60, minutes % 60), self._zone)
        return local.astimezone(UTC)


def read_hours(text: str) -> tuple[int, int] | None:
    """`09:00-17:00` as minutes after midnight; None when it is no such thing. The end may stand
    before the beginning: whoever asks says whether that is a night or a slip."""
    begin, dash, end = text.replace(" ", "").partition("-")
    found = (_minutes(begin), _minutes(end))
    if not dash or found[0] is None or found[1] is None or found[0] == found[1]:
        return None
    return found[0], found[1]


def read_days(text: str) -> frozenset[int] | None:
    """`mon-fri`, `sat` or `mon-wed, fri` as numbers from Monday = 0; None when it is none."""
    found: set[int] = set()
    for part in text.lower().replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if first not in DAYS or (dash and last not in DAYS):
            return None
        at, until = DAYS.index(first), DAYS.index(last or first)
        found |= {(at + step) % 7 for step in range((until - at) % 7 + 1)}
    return frozenset(found)


def _minutes(text: str) -> int | None:
    hour, colon, minute = text.partition(":")
    if not colon or not (hour.isdigit() and minute.isdigit()) or len(minute) != 2 or len(hour) > 2:
        return None
    found = int(hour) * 60 + int(minute)
    return found if int(minute) < 60 and found <= 24 * 60 else None
