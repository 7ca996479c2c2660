"""Working days, counted from the day the office was made."""

from __future__ import annotations

from datetime import date, timedelta


def workday(today: date, ahead: int) -> date:
    """The `ahead`-th working day after `today` (before it, when negative)."""
    step = timedelta(days=1 if ahead > 0 else -1)
    day, left = today, abs(ahead)
    while left:
        day += step
        left -= day.weekday() < 5
    return day
