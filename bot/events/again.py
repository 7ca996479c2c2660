"""An event of the log is played again: taken anew by the rules as they are now, once for each time
somebody says so.

Whoever says so writes a row and an outbox row (`ask_again`); a graph worker, which can ask Slack
who may read where, does the rest (`Again`). What it starts is new work in a thread of its own:
whatever it proposes needs its own permission, and what was done the first time stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from sqlmodel import Session, col, select

from approvals.people import People
from audit.log import Log
from audit.tables import Event
from bot.events.intake import (
    JOB,
    RECEIVED,
    Arrived,
    Left,
    Start,
    follow,
    opening_id,
    said_of,
    starts_json,
)
from bot.events.making import made, meant
from bot.events.rules import EventRule
from bot.members import judge
from bot.places import SOMEWHERE, is_private
from bot.tables import Inbound
from core.clock import Clock
from core.db import Database
from core.errors import SignoffError
from core.ids import new_id
from core.outbox import enqueue, finish, open_rows
from graphs.runtime.fork import Who

PLAY = "play_event"

log = structlog.get_logger()


class NoSuchEvent(SignoffError):
    """There is no such event. `signoff events list` shows the newest."""


class StillWaits(SignoffError):
    """What this event started has not begun yet, so there is nothing to play again. `signoff
    events show` tells what it waits for."""


class WordsErased(SignoffError):
    """What this event said was erased, so it cannot be played again."""


def ask_again(
    session: Session, audit: Log, *, inbound: Inbound, who: Who, reason: str, now: datetime
) -> Inbound:
    """Have this event played again, and say why. Each call is one more time.

    Raises `StillWaits` while its work has not begun, `WordsErased` where its words are gone.
    """
    first = first_of(session, inbound)
    if waiting(session, inbound) or waiting(session, first):
        raise StillWaits()
    if words_of(session, audit, first) is None:
        raise WordsErased()
    row = Inbound(
        id=new_id("in"),
        workspace_id=first.workspace_id,
        key="",
        kind="event",
        user=first.user,
        payload={"starts": [], "first": first.id, "again": f"{who.name}: {reason}"},
        at=now,
    )
    row.key = f"event:{row.workspace_id}:again:{row.id}"
    session.add(row)
    session.flush()
    enqueue(
        session,
        workspace_id=row.workspace_id,
        job=PLAY,
        subject=row.id,
        key=row.id,
        args={"inbound_id": row.id},
        now=now,
    )
    for subject in (first.id, row.id):
        audit.record(
            session,
            workspace_id=row.workspace_id,
            type="bot:event:again",
            subject=subject,
            actor=who.actor,
            at=now,
            reason=f"{who.name} has the event of {row.user} that is {first.id} played again, as "
            f"{row.id}: {reason}",
        )
    return row


def first_of(session: Session, inbound: Inbound) -> Inbound:
    """The event as it came, of one that was played again."""
    first = inbound.payload.get("first")
    return session.get_one(Inbound, first) if first else inbound


def words_of(session: Session, audit: Log, first: Inbound) -> Arrived | None:
    """What the source sent, from the log; None where it was erased."""
    query = select(Event.id).where(Event.type == RECEIVED, Event.subject == first.id)
    body = audit.body(session, session.exec(query).one())
    return Arrived(first.user, body["id"], body["event"]) if body else None


def waiting(session: Session, inbound: Inbound) -> list[str]:
    """The rules whose work on this event has not begun; `PLAY` where no rule was asked yet."""
    rules = [str(one["happened"]["rule"]) for one in inbound.payload["starts"]]
    asked = [PLAY] if open_rows(session, job=PLAY, subject=inbound.id) else []
    return asked + [
        rule for rule in rules if open_rows(session, job=JOB, subject=opening_id(inbound.id, rule))
    ]


@dataclass(frozen=True)
class Again:
    """The job `play_event`: the rules of now take the event once more. Idempotent on its row."""

    db: Database
    log: Log
    clock: Clock
    people: People
    web: WebClient
    rules: Sequence[EventRule]

    def run(self, *, inbound_id: str) -> None:
        with self.db.read() as session:
            row = session.get_one(Inbound, inbound_id)
            rows = open_rows(session, job=PLAY, subject=inbound_id)
            arrived = words_of(session, self.log, first_of(session, row))
        if not rows:
            return  # done before
        starts, left = self._sorted_out(arrived) if arrived else ([], [])
        with self.db.transaction() as session:
            row = session.get_one(Inbound, inbound_id, with_for_update=True)
            if not open_rows(session, job=PLAY, subject=inbound_id):
                return  # another delivery was faster
            now = self.clock.now()
            row.payload = {**row.payload, "starts": starts_json(starts)}
            session.add(row)
            self._record(session, row, said_of(starts, left) if arrived else "It was erased", now)
            follow(session, self.people, row, starts, left, now=now)
            finish(session, rows, now=now)

    def _sorted_out(self, arrived: Arrived) -> tuple[list[Start], list[Left]]:
        starts: list[Start] = []
        left: list[Left] = []
        for rule in meant(self.rules, arrived):
            happened = made(rule, arrived, served=self._served(rule))
            if isinstance(happened, Left):
                left.append(happened)
            else:
                starts.append(Start(rule, happened, *self._where(rule.entry.channel)))
        return starts, left

    def _served(self, rule: EventRule) -> bool:
        owner = self.people.by_id(rule.entry.owner)
        if owner is None:
            return False
        try:
            info: dict[str, Any] = dict(self.web.users_info(user=owner.slack_id)["user"])
        except SlackApiError as error:
            if error.response.get("error") in ("user_not_found", "user_not_visible"):
                return False
            raise
        team = self.people.workspace_id
        return judge(owner.slack_id, info, team, self.people).principal is not None

    def _where(self, channel: str) -> tuple[str, Sequence[str] | None]:
        """What the channel is called, and who can read it: nobody where Slack does not say."""
        try:
            info: dict[str, Any] = dict(self.web.conversations_info(channel=channel)["channel"])
            name = f"#{info.get('name') or channel}"
            if not is_private(info):
                return name, None
            pages = self.web.conversations_members(channel=channel, limit=200)
            return name, [user for page in pages for user in page["members"]]
        except SlackApiError as error:
            log.warning("channel_unknown", channel=channel, error=error.response.get("error"))
            return SOMEWHERE, ()

    def _record(self, session: Session, row: Inbound, said: str, now: datetime) -> None:
        self.log.record(
            session,
            workspace_id=row.workspace_id,
            type="bot:event:played",
            subject=row.id,
            actor="system:bot",
            at=now,
            reason=f"An event of {row.user} was played again. {said}",
        )


def newest(session: Session, *, workspace_id: str, most: int) -> Sequence[Inbound]:
    """The events that came or were played again lately, oldest first."""
    query = select(Inbound).where(Inbound.workspace_id == workspace_id, Inbound.kind == "event")
    found = session.exec(query.order_by(col(Inbound.at).desc(), col(Inbound.id).desc()).limit(most))
    return found.all()[::-1]
