"""What the calendar tools do. Each tool's docstring is read by a model."""

from __future__ import annotations

from collections.abc import Callable

from core.origins import Origin
from tools.connectors.calendar.client import CalendarClient
from tools.connectors.calendar.diary import Diary
from tools.connectors.calendar.shapes import DayListed, Entry, FreeFound, FreeTimes, ListDay, Slot
from tools.connectors.calendar.times import LocalTime, gaps
from tools.contract import Call, Directory, Refused

#: One call of ours asks the calendar several times.
_SHARE = 0.4


class Reads:
    """`setting` is looked up at each call: only the tool worker has an answer."""

    def __init__(self, setting: Callable[[str], str], directory: Directory) -> None:
        self._setting, self._directory = setting, directory

    def list(self, args: ListDay, call: Call) -> DayListed:
        """List the asker's own meetings of one day, with their uids.

        Use it before you move or cancel a meeting, to learn its uid.
        """
        diary = self.diary(call)
        found = diary.of(own_address(call), diary.local.day(args.day))
        return DayListed(
            source=f"calendar of {call.caller.name}, {args.day}",
            events=tuple(
                Entry(
                    uid=one.uid,
                    title=one.title,
                    start=diary.local.text(one.start),
                    end=diary.local.text(one.end),
                    organiser=one.organiser,
                    attendees=one.others,
                    origin=self.origin_of(one.organiser, home=one.home),
                )
                for one in found
            ),
        )

    def free_times(self, args: FreeTimes, call: Call) -> FreeFound:
        """Tell when all of these people are free on a day, within working hours (9 to 17).

        Include the asker when they will be part of the meeting. Tells times only, never what
        others do in between.
        """
        diary = self.diary(call)
        kept = set(diary.client.addresses())
        for person in args.people:
            if person.lower() not in kept:
                raise Refused(f"I cannot see the calendar of {person}.", code="no_calendar")
        wanted = {person.lower() for person in args.people}
        start, end = diary.local.working(args.day)
        meetings = diary.everything(diary.local.day(args.day))
        busy = [(one.start, one.end) for one in meetings if one.busy and wanted & set(one.people)]
        free = gaps((max(start, call.now), end), busy) if call.now < end else []
        return FreeFound(
            source=f"calendars of {', '.join(args.people)}, {args.day}",
            slots=tuple(
                Slot(start=diary.local.text(begin), end=diary.local.text(stop))
                for begin, stop in free
            ),
        )

    def diary(self, call: Call) -> Diary:
        return self.diary_within(call.timeout_s)

    def diary_within(self, timeout_s: float) -> Diary:
        login = (self._setting("CALENDAR_USER"), self._setting("CALENDAR_PASSWORD"))
        timeout = max(timeout_s * _SHARE, 0.5)
        client = CalendarClient(self._setting("CALENDAR_URL"), login, timeout)
        return Diary(client, LocalTime.of(self._setting("COMPANY_TZ")))

    def origin_of(self, organiser: str, *, home: bool) -> Origin:
        """Whose words a meeting is: one of ours where it lies in their own calendar (`home`), else
        an invitation, which is read as one reads a letter."""
        ours = home and not self.is_outside(organiser)
        return Origin.FIRST_PARTY if ours else Origin.MAIL

    def is_outside(self, address: str) -> bool:
        return not self._directory.is_inside(address)


def own_address(call: Call) -> str:
    """Raises `Refused` for somebody without a mail address."""
    if not call.caller.email:
        raise Refused("You have no mail address in the directory.", code="no_calendar")
    return call.caller.email.lower()
