"""A calendar for each person, with meetings around the day the office was made."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress, vText

from sandbox.office.seeds.days import workday

_TZ = ZoneInfo("Europe/Berlin")
_MADE = datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE = {"ana": "Ana Berg", "finn": "Finn Aalto", "olga": "Olga Reyes", "sam": "Sam Cole"}


class Meeting(NamedTuple):
    """`start` like 09:00, Europe/Berlin; `organiser` and `others` by their first names."""

    start: str
    minutes: int
    title: str
    organiser: str
    others: tuple[str, ...]


#: By weekday, Monday first; held in each of three weeks.
_WEEKLY = (
    (
        Meeting("09:00", 15, "Stand-up", "olga", ("ana", "sam")),
        Meeting("10:00", 60, "Budget", "finn", ("ana",)),
        Meeting("13:30", 45, "Supplier call", "olga", ("finn",)),
    ),
    (
        Meeting("11:00", 30, "Returns review", "ana", ("olga",)),
        Meeting("14:00", 60, "Price list", "sam", ("finn",)),
    ),
    (
        Meeting("09:00", 15, "Stand-up", "olga", ("ana", "sam")),
        Meeting("15:00", 90, "Stocktake planning", "olga", ("sam",)),
    ),
    (
        Meeting("10:30", 30, "Refund sampling", "finn", ("olga",)),
        Meeting("16:00", 45, "Letters we got", "ana", ()),
    ),
    (
        Meeting("09:00", 15, "Stand-up", "olga", ("ana", "sam")),
        Meeting("11:00", 60, "Month so far", "finn", ("olga", "sam")),
    ),
)
_KAPPEL = Meeting("13:00", 60, "Contract with Kappel", "sam", ("finn",))


def write_calendars(root: Path, today: date) -> None:
    """Radicale's own folders: `<address>/calendar/<uid>.ics`."""
    for name, person in PEOPLE.items():
        folder = root / address(name) / "calendar"
        folder.mkdir(parents=True)
        props = {"tag": "VCALENDAR", "D:displayname": person}
        (folder / ".Radicale.props").write_text(json.dumps(props))
    first = today - timedelta(days=today.weekday())
    for week in range(3):
        for weekday, meetings in enumerate(_WEEKLY):
            for meeting in meetings:
                _write(root, first + timedelta(days=7 * week + weekday), meeting)
    _write(root, workday(today, 6), _KAPPEL)


def address(name: str) -> str:
    return f"{name}@lindqvist.example"


def _write(root: Path, day: date, meeting: Meeting) -> None:
    start = datetime.combine(day, time.fromisoformat(meeting.start), _TZ).astimezone(UTC)
    uid = f"practice-{meeting.title.lower().replace(' ', '-')}-{day.isoformat()}"
    event = Event()
    event.add("uid", uid)
    event.add("dtstamp", _MADE)
    event.add("summary", meeting.title)
    event.add("dtstart", start)
    event.add("dtend", start + timedelta(minutes=meeting.minutes))
    event["organizer"] = _person(meeting.organiser)
    for name in (meeting.organiser, *meeting.others):
        event.add("attendee", _person(name), encode=False)
    calendar = Calendar()
    calendar.add("prodid", "-//Lindqvist Outdoor//practice//EN")
    calendar.add("version", "2.0")
    calendar.add_component(event)
    path = root / address(meeting.organiser) / "calendar" / f"{uid}.ics"
    path.write_bytes(calendar.to_ical())


def _person(name: str) -> vCalAddress:
    person = vCalAddress(f"mailto:{address(name)}")
    person.params["CN"] = vText(PEOPLE[name])
    person.params["PARTSTAT"] = vText("ACCEPTED")
    return person
