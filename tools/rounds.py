"""One comparison of one tool, taken in pieces: a job's time is short, and a record may be long.

A job asks as much of the record as its time allows; what is left stands in SQL, and the next job
goes on with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session

from core.clock import Clock
from core.db import insert_once
from tools.contract import Recorded, Tool
from tools.tables import Compared

#: The one part of a record that is read at once.
_WHOLE = ""


@dataclass(frozen=True)
class Round:
    """What was settled after `compared`, until `until`, and what the record shows from `since`."""

    compared: datetime
    since: datetime
    until: datetime
    #: Parts of the record that are still to be read.
    left: tuple[str, ...]

    def of(self, parts: Sequence[str]) -> Round:
        return replace(self, left=tuple(parts))

    def without(self, part: str) -> Round:
        return self.of([one for one in self.left if one != part])

    def up_to(self, moment: datetime) -> Round:
        """What was settled until then is compared by now."""
        return replace(self, compared=max(self.compared, moment))

    def through(self) -> Round:
        return self.up_to(self.until)

    @property
    def is_through(self) -> bool:
        return not self.left and self.compared >= self.until


class Pace:
    """How long one job goes on asking the other system. One question is always put."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock, self._ends = clock, clock.now() + timedelta(seconds=seconds)
        self._asked = False

    def goes_on(self) -> bool:
        """Whether another question may be put now: asked before each."""
        first, self._asked = not self._asked, True
        return first or self._clock.now() < self._ends


def parts_at_once(tool: Tool) -> tuple[str, ...]:
    """The parts of a record that has none by name."""
    return () if tool.record is None or tool.record.read is None else (_WHOLE,)


def can_pause(tool: Tool) -> bool:
    """Whether what is left may wait for the next job. A record that is read at once is looked
    through in the same job: what it showed is not kept."""
    return tool.record is not None and (tool.record.read is None or tool.record.parts is not None)


def question(tool: Tool, part: str, since: datetime) -> Callable[[float], Sequence[Recorded]]:
    """What reads this part of the record within so many seconds."""
    record = tool.record
    if record is not None and record.parts is not None:
        parts = record.parts
        return lambda within: parts.read(part, since, within)
    if record is not None and record.read is not None:
        read = record.read
        return lambda within: read(since, within)
    return lambda _within: ()


def under_way(row: Compared | None, tool: Tool) -> Round | None:
    """The round that was begun and is not through, if this version of the tool can go on."""
    kept = None if row is None else row.under_way
    if row is None or kept is None or not can_pause(tool):
        return None
    since, until = (datetime.fromisoformat(kept[name]) for name in ("since", "until"))
    return Round(row.until, since, until, tuple(kept["left"]))


def keep(session: Session, workspace_id: str, tool: Tool, going: Round) -> None:
    """Write down how far it is, and that comparing does not fail."""
    insert_once(session, Compared(workspace_id=workspace_id, tool=tool.name, until=going.compared))
    row = session.get_one(Compared, (workspace_id, tool.name), populate_existing=True)
    row.until = max(row.until, going.compared)
    row.under_way = None if going.is_through else _plain(going)
    row.failing_since, row.why = None, ""
    session.add(row)


def _plain(going: Round) -> dict[str, object]:
    return {
        "since": going.since.isoformat(),
        "until": going.until.isoformat(),
        "left": list(going.left),
    }
