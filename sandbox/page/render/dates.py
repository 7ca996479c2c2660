"""Slack's date tokens: `<!date^1763640000^{date_short} at {time}|fallback>`.

The formats are those of docs.slack.dev/messaging/formatting-message-text#date-formatting.
"""

import re
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from sandbox.page.render.viewer import Viewer

_PLACE = re.compile(r"\{[a-z_]+\}")

_FORMATS: dict[str, Callable[[datetime], str]] = {
    "{date_num}": lambda at: f"{at:%Y-%m-%d}",
    "{date_slash}": lambda at: f"{at:%d/%m/%Y}",
    "{date}": lambda at: f"{at:%B} {at.day}, {at.year}",
    "{date_long}": lambda at: f"{at:%A}, {at:%B} {at.day}, {at.year}",
    "{date_long_full}": lambda at: f"{at:%A}, {at:%B} {at.day}, {at.year}",
    "{date_short}": lambda at: f"{at:%b} {at.day}, {at.year}",
    "{time}": lambda at: f"{at:%H:%M}",
    "{time_secs}": lambda at: f"{at:%H:%M:%S}",
}


def slack_date(seconds: str, pattern: str, viewer: Viewer) -> str | None:
    """The pattern with its places filled; None when `seconds` is no moment."""
    at = _moment(seconds, viewer.zone)
    if at is None:
        return None
    return _PLACE.sub(lambda place: _place(place.group(), at, viewer.now), pattern)


def clock_time(ts: str, viewer: Viewer) -> str:
    """A message's ts ("1763640000.000100") as the time of day, with the day when not today."""
    at = _moment(ts, viewer.zone)
    if at is None:
        return ""
    today = viewer.now.astimezone(viewer.zone).date()
    return f"{at:%H:%M}" if at.date() == today else f"{at:%a} {at.day} {at:%b}, {at:%H:%M}"


def _moment(seconds: str, zone: ZoneInfo) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(seconds), zone)
    except (ValueError, OverflowError, OSError):
        return None


def _place(place: str, at: datetime, now: datetime) -> str:
    if place == "{ago}":
        return _ago((now - at).total_seconds())
    if place.endswith("_pretty}"):
        plain = _FORMATS.get(place.replace("_pretty}", "}"))
        return (_near(at, now) or plain(at)) if plain else place
    exact = _FORMATS.get(place)
    return exact(at) if exact else place


def _near(at: datetime, now: datetime) -> str:
    days = (at.date() - now.astimezone(at.tzinfo).date()).days
    return {-1: "yesterday", 0: "today", 1: "tomorrow"}.get(days, "")


def _ago(seconds: float) -> str:
    amount = abs(seconds)
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        count = int(amount // size)
        if count:
            words = f"{count} {unit}{'s' if count > 1 else ''}"
            return f"{words} ago" if seconds > 0 else f"in {words}"
    return "just now"
