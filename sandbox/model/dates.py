"""Days, times and durations in English office phrasing, relative to the day the prompt names."""

from __future__ import annotations

import re
from datetime import date, time, timedelta

_I = re.IGNORECASE
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
)
_WEEKDAY = re.compile(
    r"\b(?:on |this |next |coming )*(mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b"
    r"(\s+next week)?",
    _I,
)
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})")
_GERMAN = re.compile(r"\b(\d{1,2})\.(\d{1,2})\.(\d{4})?")
_MONTH = "(" + "|".join(rf"{m[:3]}(?:{m[3:]})?" for m in _MONTHS) + r")\b"
_DAY_MONTH = re.compile(rf"\b(\d{{1,2}})(?:th|st|[nr]d)?\s+(?:of\s+)?{_MONTH}", _I)
_MONTH_DAY = re.compile(rf"\b{_MONTH}\.?\s+(\d{{1,2}})(?:th|st|[nr]d)?\b", _I)
_RELATIVE = (
    (re.compile(r"\bday after tomorrow\b", _I), 2),
    (re.compile(r"(?<!after )\btomorrow\b", _I), 1),
    (re.compile(r"\btoday\b|\bthis (?:afternoon|morning|evening)\b", _I), 0),
)
_CLOCK = re.compile(r"\b(\d{1,2})[:h.](\d{2})(?!\d|\.)\s*(am|pm|a\.m\.|p\.m\.)?", _I)
_AM_PM = re.compile(r"\b(\d{1,2})\s*(am|pm|a\.m\.|p\.m\.)", _I)
_AT_HOUR = re.compile(
    r"\b(?:at|from)\s+(\d{1,2})\b(?!\s*(?:min|hour|h\b|[.:]\d))(?:\s*o'?clock)?", _I
)
_BARE_HOUR = re.compile(r"(?:^|\s)(\d{1,2})(?:\s*o'?clock)?\W*$", _I)
_RANGE = re.compile(
    r"\b(?:from\s+)?(\d{1,2}(?:[:.]\d{2})?)\s*(?:-|\u2013|to|until|till)\s*"
    r"(\d{1,2}(?:[:.]\d{2})?)(?![\d:-])",
    _I,
)
_MINUTES = re.compile(r"\b(\d{1,3})[\s-]*(?:min(?:ute)?s?)\b", _I)
_HOURS = re.compile(r"\b(\d{1,2}(?:\.5)?)\s*(?:hours?|hrs?|h)\b", _I)
_SPELT = (
    (re.compile(r"\bhalf an hour\b|\bhalf[- ]hour\b", _I), 30),
    (re.compile(r"\b(?:a )?quarter (?:of an )?hour\b", _I), 15),
    (re.compile(r"\b(?:an hour and a half|one and a half hours)\b", _I), 90),
    (re.compile(r"\b(?:an|one) hour\b", _I), 60),
    (re.compile(r"\btwo hours\b", _I), 120),
)


def days(text: str, today: date) -> tuple[date, ...]:
    """Every distinct day named; a weekday is the next one after today."""
    found: dict[date, None] = {}
    for pattern, ahead in _RELATIVE:
        if pattern.search(text):
            found[today + timedelta(days=ahead)] = None
    for match in _WEEKDAY.finditer(text):
        found[_weekday(match[1], bool(match[2]), today)] = None
    for year, month, day in _dated(text, today):
        try:
            found[date(year, month, day)] = None
        except ValueError:
            continue
    return tuple(found)


def times(text: str, *, bare: bool = False) -> tuple[time, ...]:
    """Every distinct time of day; `bare` also takes a lone number at the end ("to 11")."""
    text = _MINUTES.sub(" ", text)
    found = [_time(m[1], m[2], m[3] or "") for m in _CLOCK.finditer(text)]
    rest = _CLOCK.sub(" ", text)
    found += [_time(m[1], "0", m[2]) for m in _AM_PM.finditer(rest)]
    rest = _AM_PM.sub(" ", rest)
    found += [time(12) for _ in re.finditer(r"\bnoon\b", rest, _I)]
    found += [_time(m[1], "0", "") for m in _AT_HOUR.finditer(rest)]
    if bare and not found:
        found += [_time(m[1], "0", "") for m in _BARE_HOUR.finditer(rest)]
    return tuple(dict.fromkeys(t for t in found if t is not None))


def is_vague(text: str, at: time) -> bool:
    """Whether `at` came from a bare small hour: "at 3" may be night or afternoon."""
    exact = _CLOCK.search(text) or _AM_PM.search(text)
    return not exact and 1 <= at.hour <= 6


def minutes(text: str) -> int | None:
    """A duration in minutes, also from a range like `from 10 to 11`; None when there is none."""
    for pattern, length in _SPELT:
        if pattern.search(text):
            return length
    if match := _MINUTES.search(text):
        return int(match[1])
    if match := _HOURS.search(text):
        return round(float(match[1]) * 60)
    if match := _RANGE.search(_ISO.sub(" ", text)):
        return _span(match[1], match[2])
    return None


def _weekday(word: str, next_week: bool, today: date) -> date:
    wanted = [day[:3] for day in _DAYS].index(word[:3].lower())
    if next_week:
        return today - timedelta(days=today.weekday()) + timedelta(days=7 + wanted)
    return today + timedelta(days=(wanted - today.weekday() - 1) % 7 + 1)


def _dated(text: str, today: date) -> list[tuple[int, int, int]]:
    found = [(int(m[1]), int(m[2]), int(m[3])) for m in _ISO.finditer(text)]
    text = _ISO.sub(" ", text)
    short = [(m[3], int(m[2]), int(m[1])) for m in _GERMAN.finditer(text)]
    short += [(None, _month(m[2]), int(m[1])) for m in _DAY_MONTH.finditer(text)]
    if not short:
        short += [(None, _month(m[1]), int(m[2])) for m in _MONTH_DAY.finditer(text)]
    for year, month, day in short:
        past = (month, day) < (today.month, today.day)
        found.append((int(year) if year else today.year + past, month, day))
    return found


def _month(word: str) -> int:
    return [month[:3] for month in _MONTHS].index(word[:3].lower()) + 1


def _time(hour: str, minute: str, half: str) -> time | None:
    value = int(hour)
    if half:
        value = value % 12 + (12 if half.lower().startswith("p") else 0)
    return time(value, int(minute)) if value < 24 and int(minute) < 60 else None


def _span(first: str, last: str) -> int | None:
    ends = [_minute_of_day(end) for end in (first, last)]
    length = ends[1] - ends[0]
    return length if 0 < length <= 600 else None


def _minute_of_day(text: str) -> int:
    hour, _, minute = text.replace(".", ":").partition(":")
    return int(hour) * 60 + int(minute or 0)
