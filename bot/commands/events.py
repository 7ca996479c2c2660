"""`signoff events list | show | replay | drop`: what other systems told of; playing it again."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlmodel import Session, col, select

from approvals.switches import automation_scope, stopped
from bot.commands.looking import Desk, at_desk
from bot.commands.runs_text import line_of, printable
from bot.events.again import (
    PLAY,
    NoSuchEvent,
    ask_again,
    first_of,
    newest,
    waiting,
    words_of,
)
from bot.events.held import drop
from bot.events.intake import opening_id
from bot.tables import Inbound
from core.posts import Post
from graphs.runtime.tables import Turn

_LISTED = 30


def run(args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print what was asked for. Raises a `SignoffError` whose sentence says what is wrong."""
    return at_desk(_Events, args, environ, reasoned=("replay", "drop"))


class _Events(Desk):
    def lines(self, args: argparse.Namespace) -> Iterator[str]:
        match args.what:
            case "list":
                return self.list()
            case "show":
                return self.show(args.id)
            case "replay":
                return self.replay(args.id, args.reason)
            case _:
                return self.drop(args.id, args.reason)

    def list(self) -> Iterator[str]:
        with self.db.read() as session:
            rows = newest(session, workspace_id=self.people.workspace_id, most=_LISTED)
            for row in rows:
                again = ", played again" if "first" in row.payload else ""
                became = "; ".join(self._became(session, row)) or "started nothing"
                yield f"{row.id}  {row.at:%Y-%m-%d %H:%M} UTC  {row.user}{again}: {became}"
        yield f"The newest {len(rows)}." if len(rows) == _LISTED else f"{len(rows)} in all."

    def show(self, event_id: str) -> Iterator[str]:
        with self.db.read() as session:
            row = self._ours(session, event_id)
            first = first_of(session, row)
            arrived = words_of(session, self.log, first)
            became = list(self._became(session, row))
        yield f"{row.id}: an event of {row.user}, {row.at:%Y-%m-%d %H:%M:%S} UTC"
        if first is not row:
            yield f"  {first.id} played again. {line_of(row.payload['again'])}"
        if arrived is None:
            yield "  what it said was erased"
        else:
            yield f"  its id there: {line_of(arrived.id)}"
            said = json.dumps(arrived.event, ensure_ascii=False, indent=2)
            yield from (f"  {printable(one)}" for one in said.splitlines())
        yield from (f"  {one}" for one in became or ["No rule starts anything on it."])

    def replay(self, event_id: str, reason: str) -> Iterator[str]:
        with self.db.transaction() as session:
            row = self._ours(session, event_id)
            made = ask_again(
                session, self.log, inbound=row, who=self.who, reason=reason, now=self.now
            )
        yield f"It is played again, as {made.id}, by the rules as they are now."
        yield "Whatever comes of it needs its own permission; what was done the first time stands."
        yield f"Look at it with: signoff events show {made.id}"

    def drop(self, event_id: str, reason: str) -> Iterator[str]:
        with self.db.transaction() as session:
            self._ours(session, event_id)
            rules = drop(
                session, self.log, event_id=event_id, who=self.who, reason=reason, now=self.now
            )
        yield f"Dropped: nothing is done on it by {' and '.join(rules)}."
        yield f"To have it done after all: signoff events replay {event_id} --reason WHY"

    def _ours(self, session: Session, event_id: str) -> Inbound:
        row = session.get(Inbound, event_id)
        if row is None or row.kind != "event" or row.workspace_id != self.people.workspace_id:
            raise NoSuchEvent()
        return row

    def _became(self, session: Session, row: Inbound) -> Iterator[str]:
        """What became of it, rule by rule."""
        waits = waiting(session, row)
        if PLAY in waits:
            yield "waits for a worker"
        for start in row.payload["starts"]:
            rule = str(start["happened"]["rule"])
            held = rule in waits
            did = self._waits(session, row, rule) if held else self._did(session, row, start)
            yield f"{rule} {did}"

    def _waits(self, session: Session, row: Inbound, rule: str) -> str:
        scopes = [automation_scope(rule)]
        why = stopped(session, workspace_id=row.workspace_id, scopes=scopes, people=self.people)
        return f"waits: {why}" if why else "waits for a worker"

    def _did(self, session: Session, row: Inbound, start: Mapping[str, Any]) -> str:
        rule = str(start["happened"]["rule"])
        if said := row.payload.get("dropped", {}).get(rule):
            return f"was dropped. {line_of(said)}"
        subject = opening_id(row.id, rule)
        post = session.exec(
            select(Post).where(Post.subject == subject, Post.kind == "event")
        ).first()
        if post is None or post.ts is None:
            return f"did nothing: {(post and post.failed) or 'its owner is nobody any more'}"
        turn = session.exec(
            select(Turn).where(
                Turn.workspace_id == row.workspace_id,
                Turn.message_ts == post.ts,
                col(Turn.channel) == (post.sent_channel or post.channel),
            )
        ).first()
        return f"began {turn.id}, {turn.status}" if turn else "was posted"
