"""The row behind a preview: who may talk to Slack about it now, and whether it is wanted at all.

A preview is the answer's own post, begun: the row stands before anything is sent, its lease (the
one the answer is sent under) is held while the message is begun or drawn, and nothing is drawn
once the answer is owed.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlmodel import Session, col, select

from approvals.tables import Action
from bot.posts.finding import Sent
from bot.posts.followups import SEND, ask_twin_check
from core.clock import Clock
from core.db import Database
from core.errors import SignoffError
from core.faultpoints import point
from core.leases import Held, Keepalive, guard, release, take
from core.outbox import Message
from core.posts import Post, begin_post, post_id
from graphs.runtime.states import RUNNING, WAITING
from graphs.runtime.tables import Turn

log = structlog.get_logger()

KIND = "answer"


@dataclass
class Begun:
    """A begun post, held. Who talks to Slack sets what changed; it is stored at the end."""

    post: Post
    held: Held
    sent: Sent | None
    #: Whether an earlier try may have sent it already.
    tried: bool
    #: Whether it was sent a second time: then somebody looks for the first one later.
    again: bool = False
    #: Whether it was taken away: then it is as if it had never been begun.
    removed: bool = False
    #: Set at the end: whether the turn has come to wait for a person meanwhile.
    asked: bool = False


class PreviewRows:
    def __init__(self, db: Database, clock: Clock, lease: timedelta) -> None:
        self._db, self._clock, self._lease = db, clock, lease
        self._holder = f"{socket.gethostname()}:{os.getpid()}"

    @contextmanager
    def hold(self, turn: Turn) -> Iterator[Begun | None]:
        """The begun post of this running turn; None where nothing is to be previewed.

        Raises `Busy` while somebody else talks to Slack about it.
        """
        begun = self._begin(turn)
        if begun is None:
            yield None
            return
        point("preview:begun")
        with self._kept(begun, turn.id):
            yield begun

    @contextmanager
    def hold_open(self, turn_id: str) -> Iterator[Begun | None]:
        """The post of a preview that may stand in Slack; None where there is none."""
        with self._db.transaction() as session:
            post = session.get(Post, post_id(turn_id, KIND))
            open_ = post is not None and post.attempted_at is not None
            begun = self._take(session, post) if post is not None and open_ else None
        if begun is None:
            yield None
            return
        with self._kept(begun, turn_id):
            yield begun

    @contextmanager
    def _kept(self, begun: Begun, turn_id: str) -> Iterator[None]:
        try:
            with Keepalive(self._db, self._clock, [begun.held], ttl=self._lease):
                yield
        finally:
            self._give_back(begun, turn_id)

    def _begin(self, turn: Turn) -> Begun | None:
        with self._db.transaction() as session:
            now = self._clock.now()
            status = session.exec(select(Turn.status).where(Turn.id == turn.id)).one()
            if status not in (RUNNING, WAITING) or _asks(session, turn.id):
                return None
            post = begin_post(
                session,
                workspace_id=turn.workspace_id,
                subject=turn.id,
                kind=KIND,
                channel=turn.channel,
                thread_ts=turn.thread_ts,
                now=now,
            )
            begun = self._take(session, post)
            if begun is not None:
                post.attempted_at = post.attempted_at or now
            return begun

    def _take(self, session: Session, post: Post) -> Begun | None:
        if post.wanted or post.failed:
            return None
        name, now = f"post:{post.id}", self._clock.now()
        held = take(session, name=name, holder=self._holder, ttl=self._lease, now=now)
        if held is None:
            raise Busy()
        sent = Sent(post.sent_channel or post.channel, post.ts) if post.ts else None
        return Begun(post, held, sent, tried=post.attempted_at is not None)

    def _give_back(self, begun: Begun, turn_id: str) -> None:
        try:
            with self._db.transaction() as session:
                owed = self._store(session, begun, turn_id)
        except SignoffError as error:
            # Taken over: whoever did looks for what we may have sent.
            log.warning("preview_not_stored", post=begun.post.id, error=type(error).__name__)
            return
        if owed and self._db.wake is not None:
            self._db.wake([Message(SEND, {"post_id": begun.post.id})])

    def _store(self, session: Session, begun: Begun, turn_id: str) -> bool:
        """Store what became of it; whether the answer was owed meanwhile and met our lease."""
        now = self._clock.now()
        guard(session, begun.held)
        row = session.get_one(Post, begun.post.id, with_for_update=True)
        row.sent_channel = begun.sent.channel if begun.sent else None
        row.ts = begun.sent.ts if begun.sent else None
        if begun.removed:
            row.attempted_at = None
        if begun.again:
            ask_twin_check(session, row, now=now)
        begun.asked = _asks(session, turn_id)
        release(session, begun.held, now=now)
        return row.wanted > row.shown


class Busy(SignoffError):
    """Somebody else is writing this message right now."""


def _asks(session: Session, turn_id: str) -> bool:
    """Whether a person is asked something for this turn: then no preview is kept open."""
    asked = select(Action.id).where(
        Action.turn_id == turn_id, col(Action.status).in_(("awaiting", "unknown"))
    )
    return session.exec(asked.limit(1)).first() is not None
