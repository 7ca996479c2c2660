"""What a change of the calendar would do, for the card, and the facts it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from tools.connectors.calendar.diary import Diary, Found, facts_of
from tools.connectors.calendar.reads import Reads, own_address
from tools.connectors.calendar.shapes import Cancel, Create, Move
from tools.connectors.calendar.writes import invited
from tools.contract import Call, Preview, Refused


class Previews:
    """Read only."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    def create(self, args: Create, call: Call) -> Preview:
        diary, organiser = self._reads.diary(call), own_address(call)
        start = _to_come(diary, args.start, call)
        others = invited(args, organiser)
        outside = self._outside(others)
        busy = diary.busy((organiser, *others), (start, start + timedelta(minutes=args.minutes)))
        return Preview(
            title=f"Book “{args.title}” on {diary.local.words(start)}",
            verb="book",
            details=(
                ("With", ", ".join(others) or "nobody else"),
                *([("Not free then", ", ".join(busy))] if busy else []),
                *_leaving(outside),
            ),
            facts={"not free then": list(busy)},
            outside=bool(outside),
            own=not others,
            recipients=others,
            undo="yes, cancel it",
        )

    def move(self, args: Move, call: Call) -> Preview:
        diary = self._reads.diary(call)
        found = diary.find(args.uid, own_address(call))
        start = _to_come(diary, args.start, call)
        before = diary.local.words(found.meeting.start)
        return self._of(
            found,
            diary,
            call,
            title=f"Move “{found.meeting.title}” to {diary.local.words(start)}",
            verb="move",
            when=("Now on", before),
            undo=f"yes, move it back to {before}",
        )

    def cancel(self, args: Cancel, call: Call) -> Preview:
        diary = self._reads.diary(call)
        found = diary.find(args.uid, own_address(call))
        when = diary.local.words(found.meeting.start)
        return self._of(
            found,
            diary,
            call,
            title=f"Cancel “{found.meeting.title}” on {when}",
            verb="cancel",
            when=("Length", f"{found.meeting.minutes} minutes"),
            undo="yes, book it again",
        )

    def _of(
        self,
        found: Found,
        diary: Diary,
        call: Call,
        *,
        title: str,
        verb: str,
        when: tuple[str, str],
        undo: str,
    ) -> Preview:
        own = own_address(call)
        others = tuple(one for one in found.meeting.people if one != own)
        outside = self._outside(others)
        return Preview(
            title=title,
            verb=verb,
            details=(when, ("With", ", ".join(others) or "nobody else"), *_leaving(outside)),
            facts=facts_of(found, diary),
            outside=bool(outside),
            own=not others,
            recipients=others,
            undo=undo,
        )

    def _outside(self, people: Sequence[str]) -> list[str]:
        return [one for one in people if self._reads.is_outside(one)]


def _to_come(diary: Diary, text: str, call: Call) -> datetime:
    start = diary.local.moment(text)
    if start < call.now:
        raise Refused(f"{diary.local.words(start)} is over already.", code="in_the_past")
    return start


def _leaving(outside: Sequence[str]) -> list[tuple[str, str]]:
    return [("Outside the company", ", ".join(outside))] if outside else []
