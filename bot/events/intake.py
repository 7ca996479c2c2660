"""An event of another system is recorded before it is acknowledged, once (see `bot.intake`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from approvals.owners import tell_owners
from approvals.people import People
from bot.deps import BotDeps
from bot.events.rules import PER_MINUTE, EventRule
from bot.tables import Inbound
from core.db import insert_once
from core.errors import SignoffError
from core.ids import derive_id, new_id
from core.outbox import enqueue
from graphs.runtime.happened import Happened
from tools.buckets import Rate, take

JOB = "open_event"
#: What the log calls an event that came; its body is what it said.
RECEIVED = "bot:event:received"


@dataclass(frozen=True)
class Arrived:
    """An event whose signature is genuine: the sender's id of it, and what it says."""

    source: str
    id: str
    event: Mapping[str, Any]


@dataclass(frozen=True)
class Start:
    """What one rule makes of it. `place` and `readers` are those of the rule's channel."""

    rule: EventRule
    happened: Happened
    place: str
    readers: Sequence[str] | None


@dataclass(frozen=True)
class Left:
    """A rule that means this event and cannot work on it: why, and what its owner is to mend."""

    rule: EventRule
    why: str
    mend: str


class TooMany(SignoffError):
    """This source sends more than is worked on in a minute."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__()
        self.wait = wait


def take_event(
    deps: BotDeps, arrived: Arrived, starts: Sequence[Start], left: Sequence[Left]
) -> bool:
    """Record it with the work it starts, in one transaction; False when it was recorded before.

    Raises `TooMany`, and whatever keeps it from being committed: then nothing of it exists.
    """
    now, team = deps.clock.now(), deps.identity.team_id
    row = Inbound(
        id=new_id("in"),
        workspace_id=team,
        key=f"event:{team}:{arrived.source}:{arrived.id}",
        kind="event",
        user=arrived.source,
        payload={"starts": starts_json(starts)},
        at=now,
    )
    with deps.db.transaction() as session:
        if not insert_once(session, row):
            return False
        rate = Rate(deps.event_rates.get(arrived.source, PER_MINUTE))
        rates = {f"event:{arrived.source}": rate}
        free = take(session, workspace_id=team, rates=rates, now=now)
        if free is not None:
            raise TooMany(free - now)
        _log(session, deps, arrived, row.id, starts, left, now)
        follow(session, deps.people, row, starts, left, now=now)
    return True


def opening_id(inbound_id: str, rule: str) -> str:
    """What this rule makes of this event is known by this id until its turn begins."""
    return derive_id("open", inbound_id, rule)


def key_of(rule: str, subject: str = "") -> str:
    """The outbox row of what this rule makes of an event has this key; all of the rule's begin
    with it where no subject is given."""
    return f"{rule}:{subject}"


def starts_json(starts: Sequence[Start]) -> list[dict[str, Any]]:
    """What the inbound row keeps of them, for `open_event`."""
    return [
        {
            "happened": one.happened.as_json(),
            "owner": one.rule.entry.owner,
            "channel": one.rule.entry.channel,
            "place": one.place,
            "readers": None if one.readers is None else list(one.readers),
        }
        for one in starts
    ]


def follow(
    session: Session,
    people: People,
    row: Inbound,
    starts: Sequence[Start],
    left: Sequence[Left],
    *,
    now: datetime,
) -> None:
    """Queue what these rules start on it, once, and tell of those that can do nothing on it."""
    for lacking in left:
        _tell(session, people, lacking, now)
    for number, one in enumerate(starts):
        subject = opening_id(row.id, one.rule.name)
        enqueue(
            session,
            workspace_id=row.workspace_id,
            job=JOB,
            subject=subject,
            key=key_of(one.rule.name, subject),
            args={"inbound_id": row.id, "number": number},
            now=now,
        )


def said_of(starts: Sequence[Start], left: Sequence[Left]) -> str:
    """What becomes of it, as the end of the log's sentence."""
    names = " and ".join(one.rule.name for one in starts)
    said = f"It starts {names}" if starts else "No rule starts anything on it"
    return ". ".join([said, *(one.why for one in left)])


def _log(  # noqa: PLR0917 - a private call
    session: Session,
    deps: BotDeps,
    arrived: Arrived,
    subject: str,
    starts: Sequence[Start],
    left: Sequence[Left],
    now: datetime,
) -> None:
    """Whatever becomes of it, what it said is kept, closed like all bodies."""
    deps.log.record(
        session,
        workspace_id=deps.identity.team_id,
        type=RECEIVED,
        subject=subject,
        actor=f"source:{arrived.source}",
        at=now,
        reason=f"An event of {arrived.source} came. {said_of(starts, left)}",
        body={"id": arrived.id, "event": arrived.event},
    )


def _tell(session: Session, people: People, one: Left, now: datetime) -> None:
    # Once a day for each rule and reason: the sender may send many.
    occasion = f"event:{one.rule.name}:{now.date().isoformat()}"
    tell_owners(session, people, f"{one.why}.", one.mend, now=now, occasion=occasion)
