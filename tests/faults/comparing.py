"""Comparing: ledger and records disagree in every way there is, and the reconciler has to tell.

The shop's refunds are a record read at once, the calendars one that is read part by part: each
question to a counterpart is a job of its own (`tools_reconcile_slice_s` is 0 here), so that what is
left of a comparison stands in SQL between one and the next.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session, SQLModel, col, func, select

from approvals.tables import Action
from audit.tables import Event
from bot.bootstrap import Floor
from tests.faults.before import sent, tell
from tests.faults.errands import Errand
from tools.calling import key_of
from tools.connectors.calendar.events import new_meeting
from tools.registry import Registry
from tools.tables import Compared, Finding

REFUND, MEETING = "shop.refund", "calendar.create"
#: Once, not every so often: what is not told at the end of one comparison was lost.
ONCE_S = 1e9
#: Where one failed, the time of the next has come.
AGAIN_S = ONCE_S / 2
_AGO = timedelta(minutes=10)
#: By the action's name: as the ledger has it.
_REFUNDS = {
    "agreed": "succeeded",
    "missing": "succeeded",
    "contrary": "failed",
    "twice": "succeeded",
    "unknown": "unknown",
}


def watched(floor: Floor, every_s: float) -> Floor:
    """This floor for a keeper that has the two tools' effects compared every so often."""
    few = [
        replace(one, tools=tuple(tool for tool in one.tools if tool.name in (REFUND, MEETING)))
        for one in floor.registry.connectors
    ]
    limits = {**floor.settings.limits, "reconcile_every_s": every_s}
    return replace(
        floor, settings=replace(floor.settings, limits=limits), registry=Registry(tuple(few))
    )


def lay(floor: Floor, shop: sqlite3.Connection, calendars: Path, errand: Errand) -> None:
    """Ledger and records as they are to be compared, and nothing else in the records."""
    at = floor.clock.now() - _AGO
    shop.execute("UPDATE refunds SET at = '2000-01-01T00:00:00+00:00' WHERE seeded = 0")
    for name, action_id, key in _recorded(errand.mark):
        _refund(shop, f"re_{errand.mark}_{name}", key or key_of(action_id), at)
    for of, key in zip(_ends(calendars), _meeting_keys(errand.mark), strict=True):
        _meeting(of, key, at)
    rows: list[SQLModel] = []
    money = {"minor": 6_000, "currency": "EUR"}
    for name, status in _REFUNDS.items():
        args = {"order": "4711", "amount": money, "reason": name}
        rows += sent(floor, _id(errand.mark, name), REFUND, args, status=status, at=at)
    args = {"title": "Stand-up", "start": "2026-11-23T10:00", "minutes": 30, "attendees": []}
    rows += sent(floor, _id(errand.mark, "meeting"), MEETING, args, status="failed", at=at)
    with floor.db.transaction() as session:
        for row in rows:
            session.add(row)
            session.flush()
            if isinstance(row, Action):
                tell(session, floor, row)


def wanted(mark: str) -> list[list[str | None]]:
    """Tool, kind, action and reference of every finding there is to be, each once."""
    ours, strange = (f"signoff-{key}" for key in _meeting_keys(mark))
    return sorted(
        [
            [REFUND, "missing", _id(mark, "missing"), ""],
            [REFUND, "contrary", _id(mark, "contrary"), f"re_{mark}_contrary"],
            [REFUND, "twice", _id(mark, "twice"), f"re_{mark}_twice_b"],
            [REFUND, "unasked", None, f"re_{mark}_strange"],
            [MEETING, "contrary", _id(mark, "meeting"), ours],
            [MEETING, "unasked", None, strange],
        ],
        key=str,
    )


def kept(mark: str) -> dict[str, str]:
    """How every action is to stand: proof settles the one nobody knew of, nothing else changes."""
    statuses = {**_REFUNDS, "unknown": "succeeded", "meeting": "failed"}
    return {_id(mark, name): status for name, status in statuses.items()}


def found(session: Session) -> dict[str, Any]:
    """What the comparison came to, plain values."""
    rows = session.exec(select(Finding)).all()
    events = session.exec(
        select(Event.type, Event.subject).where(col(Event.type).like("tools:finding:%"))
    )
    return {
        "findings": sorted([[r.tool, r.kind, r.action_id, r.reference] for r in rows], key=str),
        "told": dict(Counter(f"{type_} {subject}" for type_, subject in events)),
        "ids": sorted(row.id for row in rows),
        "statuses": {row.id: row.status for row in session.exec(select(Action))},
        "settled": session.exec(
            select(func.count()).where(Event.type == "approvals:action:succeeded")
        ).one(),
        "compared": sorted(
            [row.tool, row.under_way is None and row.failing_since is None]
            for row in session.exec(select(Compared))
        ),
    }


def through(session: Session) -> bool:
    """Whether both tools are compared, to the end."""
    rows = session.exec(select(Compared)).all()
    done = [row.under_way is None and row.failing_since is None for row in rows]
    return len(done) == len((REFUND, MEETING)) and all(done)


def failing(session: Session) -> bool:
    """Whether one of them could not be compared, and waits for its next time."""
    return any(row.failing_since is not None for row in session.exec(select(Compared)))


def _id(mark: str, name: str) -> str:
    return f"act_{mark}_{name}"


def _recorded(mark: str) -> Iterator[tuple[str, str, str | None]]:
    """Name, action and, where it is not the action's own, key of each refund in the record."""
    for name in ("agreed", "contrary", "unknown"):
        yield name, _id(mark, name), None
    twice = key_of(_id(mark, "twice"))
    yield "twice_a", "", twice
    yield "twice_b", "", twice[:32] + "0" * 32
    yield "strange", "", key_of(f"{mark} strange")


def _refund(shop: sqlite3.Connection, number: str, key: str, at: datetime) -> None:
    shop.execute(
        "INSERT INTO refunds (id, order_number, amount, currency, reason, at, seeded) "
        "VALUES (?, '4711', 6000, 'EUR', '', ?, 0)",
        (number, at.isoformat()),
    )
    answer = json.dumps({"id": number})
    shop.execute(
        "INSERT INTO keys (key, digest, status, answer, at) VALUES (?, '', 201, ?, ?)",
        (key, answer, at.isoformat()),
    )


def _meeting_keys(mark: str) -> tuple[str, str]:
    """Of the one that failed as the ledger has it, and of a stranger's."""
    return key_of(_id(mark, "meeting")), key_of(f"{mark} strange meeting")


def _ends(calendars: Path) -> tuple[Path, Path]:
    """The first and the last of the parts of their record."""
    folders = sorted(calendars.glob("*@*/calendar"))
    return folders[0], folders[-1]


def _meeting(calendar: Path, key: str, at: datetime) -> None:
    whose = calendar.parent.name
    text = new_meeting(
        uid=f"signoff-{key}", key=key, title="Stand-up", start=at + timedelta(days=30), minutes=30,
        organiser=(whose, whose), attendees=(), now=at.astimezone(UTC),
    )  # fmt: skip
    (calendar / f"signoff-{key}.ics").write_text(text, newline="")


def judged(mark: str, end: dict[str, Any]) -> Iterable[str]:
    """What was promised of comparing and not kept."""
    if end["findings"] != wanted(mark):
        yield f"findings: {end['findings']}"
    if end["told"] != {f"tools:finding:found {one}": 1 for one in end["ids"]}:
        yield f"events: {end['told']}"
    if end["statuses"] != kept(mark) or end["settled"] != 1:
        yield f"actions: {end['statuses']}, {end['settled']} settled"
    if end["compared"] != sorted([tool, True] for tool in (REFUND, MEETING)):
        yield f"compared: {end['compared']}"
