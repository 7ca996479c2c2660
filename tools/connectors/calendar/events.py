"""iCalendar text to meetings and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from icalendar import Calendar, Component, Event, vCalAddress, vText

from tools.contract import Refused

#: Each change of ours leaves its key here: that is how it is found again. A name for each kind, so
#: that a copy which a person makes of a meeting of ours is not taken for one that we moved.
_KEY = "X-SIGNOFF-KEY"
MOVED = "X-SIGNOFF-MOVED"
_PRODUCT = "-//Signoff//calendar//EN"


@dataclass(frozen=True)
class Meeting:
    """Start and end in UTC; `people` are mail addresses in lower case, the organiser first."""

    uid: str
    title: str
    start: datetime
    end: datetime
    organiser: str
    people: tuple[str, ...]
    #: Whether it takes time: not when it is cancelled or marked as free.
    busy: bool
    series: bool
    keys: tuple[str, ...]
    #: Those of them that moved it.
    moves: tuple[str, ...]
    #: When it was last written (DTSTAMP).
    made: datetime
    #: Whether it lies in its organiser's own calendar (`Diary` tells).
    home: bool = False

    @property
    def minutes(self) -> int:
        return int((self.end - self.start).total_seconds() // 60)

    @property
    def others(self) -> tuple[str, ...]:
        return tuple(one for one in self.people if one != self.organiser)


def meetings(text: str, zone: ZoneInfo) -> list[Meeting]:
    """All events in the text. Raises `Refused` for text that is no calendar."""
    return [_meeting(event, zone) for event in _events(_parsed(text))]


def new_meeting(
    *,
    uid: str,
    key: str,
    title: str,
    start: datetime,
    minutes: int,
    organiser: tuple[str, str],
    attendees: Sequence[str],
    now: datetime,
) -> str:
    """The text of a new one. `organiser`: mail address and name."""
    event = Event()
    event.add("uid", uid)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("summary", title)
    event.add("dtstart", start.astimezone(UTC))
    event.add("dtend", start.astimezone(UTC) + timedelta(minutes=minutes))
    event["organizer"] = _person(organiser[0], organiser[1])
    event.add("attendee", _person(*organiser, status="ACCEPTED"), encode=False)
    for address in attendees:
        event.add("attendee", _person(address, status="NEEDS-ACTION"), encode=False)
    event.add(_KEY, key)
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add_component(event)
    return str(calendar.to_ical().decode())


def moved(text: str, start: datetime, key: str, now: datetime) -> str:
    """The same meeting at another time, everything else as it was."""
    calendar = _parsed(text)
    for event in _events(calendar):
        length = _moment(event.end, UTC) - _moment(event.start, UTC)
        for name in ("dtstart", "dtend", "duration", "dtstamp"):
            event.pop(name, None)
        event.add("dtstamp", now.astimezone(UTC))
        event.add("dtstart", start.astimezone(UTC))
        event.add("dtend", start.astimezone(UTC) + length)
        sequence = int(event.pop("sequence", 0))
        event.add("sequence", sequence + 1)
        event.add(MOVED, key)
    return str(calendar.to_ical().decode())


def _parsed(text: str) -> Calendar:
    try:
        found = Calendar.from_ical(text)
    except (ValueError, IndexError, KeyError) as error:
        raise Refused("An entry of the calendar cannot be read.", code="not_understood") from error
    if not isinstance(found, Calendar):
        raise Refused("An entry of the calendar cannot be read.", code="not_understood")
    return found


def _events(calendar: Calendar) -> list[Event]:
    return [event for event in calendar.walk("VEVENT") if isinstance(event, Event)]


def _meeting(event: Event, zone: ZoneInfo) -> Meeting:
    organiser = _address(event.get("organizer"))
    people = [organiser, *(_address(one) for one in _each(event, "attendee"))]
    status = str(event.get("status", "")).upper()
    moves = tuple(_plain(one) for one in _each(event, MOVED))
    return Meeting(
        uid=str(event.get("uid", "")),
        title=str(event.get("summary", "")),
        start=_moment(event.start, zone),
        end=_moment(event.end, zone),
        organiser=organiser,
        people=tuple(dict.fromkeys(one for one in people if one)),
        busy=status != "CANCELLED" and str(event.get("transp", "")).upper() != "TRANSPARENT",
        series="rrule" in event or "rdate" in event or "recurrence-id" in event,
        keys=(*(_plain(one) for one in _each(event, _KEY)), *moves),
        moves=moves,
        made=_moment(event.DTSTAMP, UTC)
        if "dtstamp" in event
        else datetime.min.replace(tzinfo=UTC),
    )


def _each(event: Component, name: str) -> list[object]:
    value = event.get(name)
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _plain(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _address(value: object) -> str:
    text = _plain(value) if value is not None else ""
    return text[7:].lower() if text.lower().startswith("mailto:") else ""


def _person(address: str, name: str = "", *, status: str = "") -> vCalAddress:
    person = vCalAddress(f"mailto:{address}")
    if name:
        person.params["CN"] = vText(name)
    if status:
        person.params["PARTSTAT"] = vText(status)
    return person


def _moment(value: date | datetime, local: tzinfo) -> datetime:
    """Whole days and times without a zone are local."""
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=local)
    return (value if value.tzinfo else value.replace(tzinfo=local)).astimezone(UTC)
