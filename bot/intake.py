"""What comes in is recorded before it is acknowledged, once.

The inbound row and everything that follows from it (a turn with its job, a decision, a notice)
are one transaction. A second delivery of the same thing meets the row and ends there. Messages that
arrive while another transaction runs share the next one (`bot.together`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from operator import itemgetter
from typing import Any

from sqlmodel import Session, col, select

from bot.blocks.help import HELP
from bot.deps import BotDeps
from bot.members import Account
from bot.tables import Inbound
from core.db import insert_new, insert_once
from core.ids import derive_id, new_id
from core.posts import ask_post
from graphs.runtime.receiving import Received, receive_all
from graphs.runtime.tables import Conversation

#: Longer messages are not worked on; Slack lets people write 40,000 characters and more.
MAX_TEXT = 12_000


@dataclass(frozen=True)
class Heard:
    """A message somebody wrote to us."""

    event_id: str
    user: str
    channel: str
    ts: str
    #: The thread it stands in; None at the top of a channel or direct message.
    thread_ts: str | None
    text: str
    direct: bool
    mentioned: bool

    @property
    def answer_in(self) -> str | None:
        """The thread our answer goes to: always one in a channel."""
        return self.thread_ts or (None if self.direct else self.ts)


class Taken(StrEnum):
    TURN = "turn"
    NOTICE = "notice"
    DUPLICATE = "duplicate"


@dataclass(frozen=True)
class Said:
    """A message with what is known of who wrote it and where."""

    heard: Heard
    account: Account
    #: What people call the channel.
    place: str
    #: Slack ids of those who can read it; None where everybody can.
    readers: tuple[str, ...] | None = None


def take_messages(deps: BotDeps, said: Sequence[Said]) -> list[Taken]:
    """Record these messages and what they ask for, in one transaction; returns once that stands.

    Raises when it could not be committed: then nothing of any of them exists.
    """
    now = deps.clock.now()
    rows = [_inbound(deps, one, now) for one in said]
    turns: list[Received] = []
    with deps.db.transaction() as session:
        # In one order everywhere, so that two who write the same rows wait and do not deadlock.
        fresh = insert_new(session, Inbound, sorted(rows, key=itemgetter("key")))
        taken = [
            _follow(_Entry(session, deps, one, row["id"], now), turns)
            if row["id"] in fresh
            else Taken.DUPLICATE
            for one, row in zip(said, rows, strict=True)
        ]
        receive_all(session, deps.log, turns, now=now)
    return taken


def take_trigger(
    session: Session,
    deps: BotDeps,
    *,
    kind: str,
    trigger_id: str,
    user: str,
    channel: str | None,
    payload: dict[str, Any],
    now: datetime,
) -> bool:
    """Record a click, command, submission or Home opening; False when it was recorded before."""
    row = Inbound(
        id=new_id("in"),
        workspace_id=deps.identity.team_id,
        key=f"trigger:{trigger_id}",
        kind=kind,
        user=user,
        channel=channel,
        payload=payload,
        at=now,
    )
    return insert_once(session, row)


def is_our_thread(deps: BotDeps, channel: str, thread_ts: str) -> bool:
    """Whether we were asked something in this thread before."""
    query = select(Conversation.id).where(
        Conversation.workspace_id == deps.identity.team_id,
        Conversation.channel == channel,
        col(Conversation.thread_ts) == thread_ts,
    )
    with deps.db.read() as session:
        return session.exec(query).first() is not None


@dataclass(frozen=True)
class _Entry:
    """One new message inside its transaction."""

    session: Session
    deps: BotDeps
    said: Said
    inbound_id: str
    now: datetime


def _inbound(deps: BotDeps, said: Said, now: datetime) -> dict[str, Any]:
    heard = said.heard
    return {
        "id": new_id("in"),
        "workspace_id": deps.identity.team_id,
        "key": f"msg:{deps.identity.team_id}:{heard.channel}:{heard.ts}",
        "event_id": heard.event_id,
        "kind": "message",
        "user": heard.user,
        "channel": heard.channel,
        "payload": {"ts": heard.ts, "thread_ts": heard.thread_ts},
        "at": now,
    }


def _follow(entry: _Entry, turns: list[Received]) -> Taken:
    """Queue a notice, or add to the turns that are to be."""
    principal, heard = entry.said.account.principal, entry.said.heard
    if principal is None:
        return _refuse(entry)
    if len(heard.text) > MAX_TEXT:
        told = (
            f"That is too long for me: {len(heard.text):,} characters, and I read up to "
            f"{MAX_TEXT:,}. Please put it in a document and tell me where it is."
        )
        return _tell(entry, told, subject=entry.inbound_id)
    if not heard.text:
        return _tell(entry, HELP, subject=entry.inbound_id)
    message = Received(
        workspace_id=entry.deps.identity.team_id,
        kind="dm" if heard.direct else "channel",
        place=entry.said.place,
        readers=entry.said.readers,
        principal_id=principal.id,
        asker=principal.first_name,
        channel=heard.channel,
        thread_ts=heard.thread_ts,
        message_ts=heard.ts,
        text=heard.text,
    )
    turns.append(message)
    return Taken.TURN


def _refuse(entry: _Entry) -> Taken:
    team, user = entry.deps.identity.team_id, entry.said.heard.user
    refusal = entry.said.account.refusal
    entry.deps.log.record(
        entry.session,
        workspace_id=team,
        type="bot:turn:refused",
        subject=user,
        actor=f"slack:{user}",
        at=entry.now,
        reason=refusal,
    )
    # One refusal per person and day, however often they ask.
    subject = derive_id("refusal", team, user, entry.now.date().isoformat())
    return _tell(entry, refusal, subject=subject)


def _tell(entry: _Entry, text: str, *, subject: str) -> Taken:
    heard = entry.said.heard
    ask_post(
        entry.session,
        workspace_id=entry.deps.identity.team_id,
        subject=subject,
        kind="notice",
        channel=heard.channel,
        thread_ts=heard.answer_in,
        body={"text": text},
        now=entry.now,
    )
    return Taken.NOTICE
