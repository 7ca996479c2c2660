"""What the calendars show of what we did, to hold against the ledger.

A meeting may lie in several calendars under one uid, the organiser's and those of the invited: it
is one meeting (RFC 5545, 3.8.4.7).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from tools.connectors.calendar.client import CalendarClient, Held
from tools.connectors.calendar.diary import Diary
from tools.connectors.calendar.events import MOVED, Meeting, meetings
from tools.connectors.calendar.reads import Reads
from tools.connectors.calendar.shapes import Cancel, Move
from tools.connectors.calendar.writes import OURS
from tools.contract import Call, Recorded

_Look = Callable[[CalendarClient, str], Sequence[Held]]


class Records:
    """Read only."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    def calendars(self, timeout_s: float) -> Sequence[str]:
        """Whose calendars there are."""
        return self._reads.diary_within(timeout_s).client.addresses()

    def created(
        self, since: datetime, timeout_s: float, whose: Sequence[str] | None = None
    ) -> Sequence[Recorded]:
        """Meetings that bear a uid of ours, as far as they still exist; in these calendars, or in
        all."""
        found = self._each(timeout_s, lambda client, of: client.with_uid(of, OURS), whose)
        shown = {
            one.uid: Recorded(one.uid.removeprefix(OURS), one.uid, f"“{one.title}”", at)
            for one, at in found
            if one.uid.startswith(OURS) and at >= since
        }
        return list(shown.values())

    def moved(
        self, since: datetime, timeout_s: float, whose: Sequence[str] | None = None
    ) -> Sequence[Recorded]:
        """Every move of ours of meetings that still exist; when each was is not kept there."""
        found = self._each(timeout_s, lambda client, of: client.with_property(of, MOVED), whose)
        shown = {
            key: Recorded(key, f"{one.uid} {key[:12]}", f"“{one.title}” moved", at)
            for one, at in found
            for key in one.moves
            if at >= since
        }
        return list(shown.values())

    def not_moved(self, args: Move, call: Call) -> bool:
        """Whether it stands where it stood, without a trace of this move. One that is gone, or
        that somebody moved on, may well have been moved by us before."""
        diary = self._reads.diary(call)
        found = diary.at(str(call.facts.get("path", "")))
        if found is None or call.key in found.meeting.keys:
            return False
        before = str(call.facts.get("start", ""))
        return diary.local.text(found.meeting.start) == before != args.start[:16]

    def not_cancelled(self, args: Cancel, call: Call) -> bool:
        """Whether the meeting is still there."""
        found = self._reads.diary(call).at(str(call.facts.get("path", "")))
        return found is not None and found.meeting.uid == args.uid

    def _each(
        self, timeout_s: float, look: _Look, whose: Sequence[str] | None
    ) -> Iterator[tuple[Meeting, datetime]]:
        """What this look finds in these calendars, or all; each with when it was last written."""
        diary: Diary = self._reads.diary_within(timeout_s)
        for address in diary.client.addresses() if whose is None else whose:
            for held in look(diary.client, address):
                for one in meetings(held.text, diary.local.zone)[:1]:
                    yield one, max(one.made, held.written or one.made)
