"""`open_event`: what a rule makes of an event is posted, and the turn begins in its thread.

The post is what the turn answers, as a person's message would be: its ts names both. Until the turn
stands the outbox row is open; the turn is written once, by the same transaction that closes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from approvals.owners import tell_owners
from approvals.people import People, Principal
from approvals.switches import automation_scope, in_force
from audit.log import Log
from bot.events.intake import JOB, opening_id
from bot.posts.posting import Poster
from bot.tables import Inbound
from core.clock import Clock
from core.db import Database
from core.faultpoints import point
from core.outbox import finish, open_rows
from core.posts import Post, ask_post
from graphs.runtime.happened import Happened
from graphs.runtime.receiving import Received, receive_all

_MEND = "Invite me there, or name another channel in config/automations.yaml."


@dataclass(frozen=True)
class Openings:
    db: Database
    log: Log
    clock: Clock
    people: People
    poster: Poster

    def run(self, *, inbound_id: str, number: int) -> None:
        with self.db.read() as session:
            inbound = session.get_one(Inbound, inbound_id)
            start: dict[str, Any] = inbound.payload["starts"][number]
            happened = Happened.from_json(start["happened"])
            subject = opening_id(inbound_id, happened.rule)
            rows = open_rows(session, job=JOB, subject=subject)
            scope = automation_scope(happened.rule)
            held = in_force(session, workspace_id=inbound.workspace_id, scopes=[scope])
        if not rows or held is not None:
            return  # done before, or stopped: its row stays open until the stop is lifted
        owner = self.people.by_id(start["owner"])
        if owner is None:
            self._leave(inbound, rows, f"its owner {start['owner']} is nobody any more")
            return
        with self.db.transaction() as session:
            # Somebody may drop it just now: whoever holds this row first has their way.
            session.get_one(Inbound, inbound_id, with_for_update=True)
            if not open_rows(session, job=JOB, subject=subject):
                return
            post_id = ask_post(
                session,
                workspace_id=inbound.workspace_id,
                subject=subject,
                kind="event",
                channel=start["channel"],
                thread_ts=None,
                body={
                    "happened": start["happened"],
                    "owner": owner.first_name,
                    "again": inbound.payload.get("again"),
                },
                now=self.clock.now(),
                sent_here=True,
            )
        self.poster.send(post_id)
        point("event:opened")
        with self.db.read() as session:
            post = session.get_one(Post, post_id)
        if post.failed:
            self._leave(inbound, rows, f"I could not write into {start['channel']}: {post.failed}")
        elif post.ts is not None:  # else another worker is at it
            self._begin(inbound, start, happened, owner, post, rows)

    def _begin(  # noqa: PLR0917 - a private call
        self,
        inbound: Inbound,
        start: dict[str, Any],
        happened: Happened,
        owner: Principal,
        post: Post,
        rows: list[str],
    ) -> None:
        now, ts = self.clock.now(), post.ts
        assert ts is not None
        message = Received(
            workspace_id=inbound.workspace_id,
            kind="channel",
            place=start["place"],
            readers=start["readers"],
            principal_id=owner.id,
            asker=owner.first_name,
            channel=post.sent_channel or post.channel,
            thread_ts=None,
            message_ts=ts,
            text=happened.request,
            happened=happened,
        )
        with self.db.transaction() as session:
            receive_all(session, self.log, [message], now=now)
            finish(session, rows, now=now)

    def _leave(self, inbound: Inbound, rows: list[str], why: str) -> None:
        """Nothing can come of it: the log and the installation's owner are told."""
        now = self.clock.now()
        with self.db.transaction() as session:
            self._record(session, inbound, why, now)
            told = f"I did nothing on an event of {inbound.user}: {why}."
            day = now.date().isoformat()
            tell_owners(session, self.people, told, _MEND, now=now, occasion=f"event:{day}")
            finish(session, rows, now=now)

    def _record(self, session: Session, inbound: Inbound, why: str, now: datetime) -> None:
        self.log.record(
            session,
            workspace_id=inbound.workspace_id,
            type="bot:event:left",
            subject=inbound.id,
            actor="system:bot",
            at=now,
            reason=f"Nothing was done on it: {why}",
        )
