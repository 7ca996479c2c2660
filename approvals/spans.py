"""Spans of time as people write them: `3 days`, `30 min`, `20 s`, `4 working hours`. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SPAN = re.compile(r"(\d{1,4})\s*(working\s+)?(seconds?|sec|s|minutes?|min|m|hours?|h|days?|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
#: A working day counts as eight working hours, however long one person's day is.
WORKING_DAY_S = 8 * 3600


@dataclass(frozen=True)
class Span:
    """`seconds` by the clock, or of somebody's working time."""

    seconds: int
    working: bool = False

    @property
    def words(self) -> str:
        """`3 days`, `4 working hours`."""
        day = WORKING_DAY_S if self.working else 86_400
        for unit, size in (("day", day), ("hour", 3600), ("minute", 60), ("second", 1)):
            count, rest = divmod(self.seconds, size)
            if count and not rest:
                kind = "working " if self.working else ""
                return f"{count} {kind}{unit}{'' if count == 1 else 's'}"
        return "no time"


def read_span(text: str) -> Span | None:
    """The span this text means; None when it means none, or nothing at all."""
    match = _SPAN.fullmatch(" ".join(text.split()))
    if not match or int(match[1]) == 0:
        return None
    working, unit = match[2] is not None, match[3][0]
    size = WORKING_DAY_S if working and unit == "d" else _SECONDS[unit]
    return Span(int(match[1]) * size, working)
