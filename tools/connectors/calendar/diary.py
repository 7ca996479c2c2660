"""Whose meetings are whose, over all calendars of the company."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tools.connectors.calendar.client import CalendarClient, Held, home
from tools.connectors.calendar.events import Meeting, meetings
from tools.connectors.calendar.times import LocalTime, Span
from tools.contract import Refused


@dataclass(frozen=True)
class Found:
    """A meeting and the file it lies in."""

    meeting: Meeting
    held: Held


@dataclass(frozen=True)
class Diary:
    """A meeting lies in its organiser's calendar and counts for everybody invited."""

    client: CalendarClient
    local: LocalTime

    def of(self, person: str, span: Span) -> list[Meeting]:
        """One person's meetings in this time, by their start."""
        return [one for one in self.everything(span) if person.lower() in one.people]

    def everything(self, span: Span) -> list[Meeting]:
        """All meetings of all calendars in this time, each once, by their start: as it stands in
        its organiser's calendar, where it stands there."""
        found: dict[tuple[str, str], Meeting] = {}
        for address in self.client.addresses():
            for text in self.client.between(address, span):
                for one in meetings(text, self.local.zone):
                    own = _placed(one, home(address))
                    key = (own.uid, own.start.isoformat())
                    if own.start < span[1] and own.end > span[0] and (own.home or key not in found):
                        found[key] = own
        return sorted(found.values(), key=lambda one: (one.start, one.title))

    def busy(self, people: Sequence[str], span: Span) -> tuple[str, ...]:
        """Who of these has something else at that time, in their order; strangers are not known."""
        taken = {one for meeting in self.everything(span) if meeting.busy for one in meeting.people}
        return tuple(person for person in people if person.lower() in taken)

    def find(self, uid: str, caller: str) -> Found:
        """A single meeting that the caller is part of. Raises `Refused`."""
        addresses = self.client.addresses()
        for address in sorted(addresses, key=lambda one: one != caller.lower()):
            for held in self.client.with_uid(address, uid):
                found = meetings(held.text, self.local.zone)
                if found and found[0].uid == uid:
                    return self._checked(held, found, caller)
        raise Refused("There is no such meeting.", code="no_such_meeting")

    def at(self, path: str) -> Found | None:
        """The meeting in this file, if any."""
        held = self.client.get(path)
        found = meetings(held.text, self.local.zone) if held else []
        return Found(_placed(found[0], held.path), held) if held and found else None

    def _checked(self, held: Held, found: list[Meeting], caller: str) -> Found:
        first = _placed(found[0], held.path)
        if caller.lower() not in first.people:
            raise Refused("You are not part of this meeting.", code="not_yours")
        if first.series or len(found) > 1:
            raise Refused(
                "This meeting repeats. Please change it in the calendar itself.", code="series"
            )
        return Found(first, held)


def facts_of(found: Found, diary: Diary) -> Mapping[str, Any]:
    """What an approval to move or cancel a meeting rests on: not its description, and so not the
    version of its file."""
    return {
        "path": found.held.path,
        "title": found.meeting.title,
        "start": diary.local.text(found.meeting.start),
        "minutes": found.meeting.minutes,
        "organiser": found.meeting.organiser,
        "attendees": list(found.meeting.others),
    }


def lies_at_home(path: str, organiser: str) -> bool:
    """Whether this file lies in the organiser's own calendar. One that lies elsewhere only names
    them: whoever sends an invitation can write anybody's address into it."""
    return path.lower().startswith(home(organiser))


def _placed(meeting: Meeting, path: str) -> Meeting:
    """The meeting as the calendar knows it in which it lies. Private entries name nobody: they are
    their calendar's owner's."""
    if not meeting.people:
        owner = path.split("/")[1].lower()
        meeting = replace(meeting, organiser=owner, people=(owner,))
    return replace(meeting, home=lies_at_home(path, meeting.organiser))
