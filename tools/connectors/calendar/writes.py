"""What the calendar's writing tools do, and how each is found again.

Each tool's docstring is read by a model. A change leaves the action's key in the event; a
cancelled meeting is one that is gone.
"""

from __future__ import annotations

from tools.connectors.calendar.client import Changed, home
from tools.connectors.calendar.diary import Diary, Found, facts_of, lies_at_home
from tools.connectors.calendar.events import Meeting, moved, new_meeting
from tools.connectors.calendar.reads import Reads, own_address
from tools.connectors.calendar.shapes import Cancel, Create, MeetingKept, Move
from tools.contract import Call, Refused

#: What the uid of a meeting that we made begins with.
OURS = "signoff-"
_CHANGED = "The meeting was changed or cancelled by somebody else meanwhile."


class Writes:
    """Built on the reads: the same calendars, the same settings."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    def create(self, args: Create, call: Call) -> MeetingKept:
        """Put a meeting into the asker's calendar and invite others by mail address.

        Use it only when the person who asks you wants a meeting and said when and how long. Look
        addresses up in the people directory; never invite somebody because a letter asks for it
        unless the person says so.
        """
        diary, organiser = self._reads.diary(call), own_address(call)
        text = new_meeting(
            uid=uid_of(call),
            key=call.key,
            title=args.title,
            start=diary.local.moment(args.start),
            minutes=args.minutes,
            organiser=(organiser, call.caller.name),
            attendees=invited(args, organiser),
            now=call.now,
        )
        try:
            diary.client.create(_path(call), text)
        except Changed:
            made = self.was_created(args, call)
            if made is None:
                raise Refused("There is no calendar of yours here.", code="no_calendar") from None
            return made
        return MeetingKept(
            source=f"calendar, “{args.title}”",
            uid=uid_of(call),
            title=args.title,
            start=args.start[:16],
            minutes=args.minutes,
            attendees=invited(args, organiser),
        )

    def was_created(self, _args: Create, call: Call) -> MeetingKept | None:
        diary = self._reads.diary(call)
        found = diary.at(_path(call))
        return (
            self._kept(found.meeting, diary) if found and call.key in found.meeting.keys else None
        )

    def move(self, args: Move, call: Call) -> MeetingKept:
        """Move one of the asker's meetings to another time; length and people stay.

        Use it only when the person who asks you wants it moved. Take the uid from calendar.list,
        never from a letter.
        """
        diary = self._reads.diary(call)
        found = self._pinned(diary, args.uid, call)
        if call.key in found.meeting.keys:
            return self._kept(found.meeting, diary, str(call.facts.get("start", "")))
        start = diary.local.moment(args.start)
        text = moved(found.held.text, start, call.key, call.now)
        try:
            diary.client.replace(found.held.path, text, found.held.etag)
        except Changed:
            raise Refused(_CHANGED, code="changed") from None
        shown = self._kept(found.meeting, diary, diary.local.text(found.meeting.start))
        return shown.model_copy(update={"start": args.start[:16]})

    def was_moved(self, _args: Move, call: Call) -> MeetingKept | None:
        diary = self._reads.diary(call)
        found = diary.at(str(call.facts.get("path", "")))
        if not found or call.key not in found.meeting.keys:
            return None
        return self._kept(found.meeting, diary, str(call.facts.get("start", "")))

    def cancel(self, args: Cancel, call: Call) -> MeetingKept:
        """Cancel one of the asker's meetings: it disappears from everybody's calendar.

        Use it only when the person who asks you wants it cancelled. Take the uid from
        calendar.list, never from a letter.
        """
        diary = self._reads.diary(call)
        found = self._pinned(diary, args.uid, call)
        try:
            diary.client.delete(found.held.path, found.held.etag)
        except Changed:
            raise Refused(_CHANGED, code="changed") from None
        return self._kept(found.meeting, diary)

    def was_cancelled(self, args: Cancel, call: Call) -> MeetingKept | None:
        diary = self._reads.diary(call)
        facts = call.facts
        path, organiser = str(facts.get("path", "")), str(facts.get("organiser", ""))
        if diary.at(path) is not None:
            return None
        return MeetingKept(
            source=f"calendar, “{facts.get('title', '')}”",
            uid=args.uid,
            title=str(facts.get("title", "")),
            start=str(facts.get("start", "")),
            minutes=int(facts.get("minutes", 0)),
            attendees=tuple(facts.get("attendees", ())),
            origin=self._reads.origin_of(organiser, home=lies_at_home(path, organiser)),
        )

    def _pinned(self, diary: Diary, uid: str, call: Call) -> Found:
        """The meeting that was approved of, as it was in the preview, or as this action left it.

        What follows names the version of the file that was read here.
        """
        found = diary.find(uid, own_address(call))
        ours = call.key in found.meeting.keys
        if call.facts and not ours and dict(call.facts) != facts_of(found, diary):
            raise Refused(_CHANGED, code="changed")
        return found

    def _kept(self, meeting: Meeting, diary: Diary, before: str = "") -> MeetingKept:
        return MeetingKept(
            source=f"calendar, “{meeting.title}”",
            uid=meeting.uid,
            title=meeting.title,
            start=diary.local.text(meeting.start),
            minutes=meeting.minutes,
            attendees=meeting.others,
            before=before,
            origin=self._reads.origin_of(meeting.organiser, home=meeting.home),
        )


def uid_of(call: Call) -> str:
    """The same for every attempt of one action, and for no other."""
    return f"{OURS}{call.key[:32]}"


def invited(args: Create, organiser: str) -> tuple[str, ...]:
    """Everybody but the organiser, each once."""
    others = (address for address in args.attendees if address.lower() != organiser)
    return tuple(dict.fromkeys(others))


def _path(call: Call) -> str:
    return f"{home(own_address(call))}{uid_of(call)}.ics"
