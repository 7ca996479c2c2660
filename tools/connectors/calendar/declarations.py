"""The calendar connector's declarations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.origins import TRUST_ORDER, Origin
from tools.connectors.calendar.previews import Previews
from tools.connectors.calendar.reads import Reads
from tools.connectors.calendar.records import Records
from tools.connectors.calendar.shapes import (
    Cancel,
    Create,
    DayListed,
    FreeFound,
    FreeTimes,
    ListDay,
    MeetingKept,
    Move,
)
from tools.connectors.calendar.writes import Writes
from tools.connectors.reading import read
from tools.contract import (
    Arguments,
    Connector,
    Done,
    Effect,
    Expects,
    MakePreview,
    Parts,
    Ports,
    Record,
    Retry,
    Run,
    Setting,
    Tool,
    Undo,
    Verify,
)

_VERSION = "1.0.0"
#: A CalDAV server that answers at all is done with a request within this time.
_SETTLE_S = 5.0
_SETTINGS = (
    Setting("CALENDAR_URL", secret=False, about="CalDAV address; calendars at <address>/calendar/"),
    Setting("CALENDAR_USER", secret=False, about="who logs in there; empty for no login"),
    Setting("CALENDAR_PASSWORD", secret=True, about="password of CALENDAR_USER"),
    Setting("COMPANY_TZ", secret=False, about="time zone of the company, like Europe/Berlin"),
)


def make(ports: Ports) -> Connector:
    """The calendar connector; it reads its settings when a tool runs."""
    reads = Reads(ports.setting, ports.directory)
    writes, previews, records = Writes(reads), Previews(reads), Records(reads)
    return Connector(
        name="calendar",
        version=_VERSION,
        settings=_SETTINGS,
        tools=(
            read(
                "calendar.list",
                ListDay,
                DayListed,
                reads.list,
                yields_of=_least_trusted,
                can="look at your calendar",
            ),
            read(
                "calendar.free_times", FreeTimes, FreeFound, reads.free_times, can="find free times"
            ),
            _create(writes, previews, records),
            _move(writes, previews, records),
            _cancel(writes, previews, records),
        ),
    )


def _create(writes: Writes, previews: Previews, records: Records) -> Tool:
    return _write(
        "create",
        Create,
        writes.create,
        writes.was_created,
        previews.create,
        undo=lambda _args, result: ("calendar.cancel", {"uid": result["uid"]}),
        expects=_as_left,
        record=Record(
            records.created,
            parts=Parts(
                records.calendars, lambda of, since, within: records.created(since, within, [of])
            ),
        ),
        unrecorded="a meeting that is not there; people delete meetings, it may have been made",
        done=lambda _args, result: f"Booked “{result.title}”, {_spoken(result.start)}",
        authority=("attendees",),
        editable=("title", "start", "minutes", "attendees"),
        can="book a meeting",
    )


def _move(writes: Writes, previews: Previews, records: Records) -> Tool:
    return _write(
        "move",
        Move,
        writes.move,
        writes.was_moved,
        previews.move,
        undo=lambda _args, result: (
            "calendar.move",
            {"uid": result["uid"], "start": result["before"]},
        ),
        expects=_as_left,
        record=Record(
            records.moved,
            lacks=records.not_moved,
            parts=Parts(
                records.calendars, lambda of, since, within: records.moved(since, within, [of])
            ),
        ),
        done=lambda _args, result: f"Moved “{result.title}” to {_spoken(result.start)}",
        authority=("uid",),
        editable=("start",),
        can="move a meeting",
    )


def _cancel(writes: Writes, previews: Previews, records: Records) -> Tool:
    return _write(
        "cancel",
        Cancel,
        writes.cancel,
        writes.was_cancelled,
        previews.cancel,
        undo=_book_again,
        record=Record(None, lacks=records.not_cancelled),
        unrecorded="a meeting cancelled with our access that we know nothing of; what is deleted "
        "leaves no trace",
        done=lambda _args, result: f"Cancelled “{result.title}”, {_spoken(result.start)}",
        authority=("uid",),
        can="cancel a meeting",
    )


def _write(
    name: str,
    args: type[Arguments],
    run: Run,
    verify: Verify,
    preview: MakePreview,
    *,
    undo: Undo,
    done: Done,
    authority: tuple[str, ...],
    can: str,
    record: Record,
    unrecorded: str = "",
    editable: tuple[str, ...] = (),
    expects: Expects | None = None,
) -> Tool:
    return Tool(
        name=f"calendar.{name}",
        version=_VERSION,
        args=args,
        result=MeetingKept,
        effect=Effect.REVERSIBLE,
        retry=Retry.VERIFIABLE,
        settle_s=_SETTLE_S,
        run=run,
        verify=verify,
        preview=preview,
        undo=undo,
        undo_expects=expects,
        record=record,
        unrecorded=unrecorded,
        done=done,
        scopes=("calendar:write",),
        authority=authority,
        editable=editable,
        reaches_out=True,
        yields=Origin.FIRST_PARTY,
        yields_of=lambda kept: kept.origin,
        can=can,
    )


def _least_trusted(found: DayListed) -> Origin:
    """A day with an invitation from outside is read as one reads a letter."""
    origins = (one.origin for one in found.events)
    return max(origins, key=TRUST_ORDER.index, default=Origin.FIRST_PARTY)


def _book_again(_args: Any, result: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    again = {name: result[name] for name in ("title", "start", "minutes", "attendees")}
    return "calendar.create", again


def _as_left(_args: Any, result: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: result[name] for name in ("title", "start", "minutes")}


def _spoken(start: str) -> str:
    return start.replace("T", " ")
