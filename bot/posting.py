"""Sending what we owe Slack: one live message per `posts` row, whatever is lost on the way.

A message carries its row's id in its metadata. Before the first send the row says so
(`attempted_at`); a later try looks for the message before it sends again. What turns up twice
all the same, because Slack was slow to show the first, is deleted by a later look.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from sqlmodel import Session, select

from audit.log import Log
from bot.blocks.parts import Message
from bot.channel import Gone, Sent, SlackChannel
from bot.deps import Identity
from bot.render import Renderer, Unrenderable
from core.clock import Clock
from core.db import Database
from core.errors import SignoffError
from core.faultpoints import point
from core.leases import Held, Keepalive, guard, release, take
from core.outbox import Outbox, enqueue, finish, open_rows
from core.posts import Post, ask_post

log = structlog.get_logger()

LEASE = timedelta(seconds=15)
#: After a second send a twin may still turn up: looked for this much later.
TWIN_CHECK = timedelta(seconds=30)
_TWINS = ":twins"
_JOB = "send_post"


@dataclass(frozen=True)
class _Work:
    """A post as it was when its lease was taken."""

    post: Post
    held: Held
    rows: tuple[str, ...]
    #: Whether an earlier delivery may have sent it already.
    tried: bool
    #: Whether to look for what turned up twice.
    twins: bool


class Poster:
    """Sends and updates posts. Made once per worker process, safe to share between threads."""

    def __init__(
        self,
        *,
        db: Database,
        log: Log,
        clock: Clock,
        web: WebClient,
        identity: Identity,
        renderer: Renderer,
        lease: timedelta = LEASE,
    ) -> None:
        """`web` is `bot.web.make_web`'s: it must not send again what was cut off."""
        self._lease = lease
        self._db, self._log, self._clock, self._renderer = db, log, clock, renderer
        self._slack = SlackChannel(web, identity)
        self._holder = f"{socket.gethostname()}:{os.getpid()}"

    def send(self, post_id: str) -> None:
        """Bring Slack up to what this row wants.

        A delivery that meets another one at work ends at once. Raises what Slack or the network
        raises, when trying again may help: the outbox row stays open for the sweeper.
        """
        while (work := self._begin(post_id)) is not None:
            try:
                with Keepalive(self._db, self._clock, [work.held], ttl=self._lease):
                    self._bring(work)
            except BaseException:
                self._give_back(work)
                raise
            if not self._behind(post_id):
                return

    def _begin(self, post_id: str) -> _Work | None:
        """Take the lease, read the row and its open jobs, and note the attempt beforehand."""
        now = self._clock.now()
        with self._db.transaction() as session:
            held = take(
                session, name=f"post:{post_id}", holder=self._holder, ttl=self._lease, now=now
            )
            if held is None:
                return None
            rows = open_rows(session, job=_JOB, subject=post_id)
            post = session.get(Post, post_id)
            if post is None or post.failed:
                finish(session, rows, now=now)
                release(session, held, now=now)
                return None
            twins = any(session.get_one(Outbox, row).key.endswith(_TWINS) for row in rows)
            tried = post.attempted_at is not None
            post.attempted_at = post.attempted_at or now
            return _Work(post, held, tuple(rows), tried, twins)

    def _give_back(self, work: _Work) -> None:
        try:
            with self._db.transaction() as session:
                release(session, work.held, now=self._clock.now())
        except SignoffError as error:
            log.warning("post_lease_not_released", error=type(error).__name__)

    def _bring(self, work: _Work) -> None:
        try:
            self._show(work)
        except Gone as gone:
            self._fail(work, str(gone))
        except Unrenderable as error:
            self._fail(work, error.sentence)
        except SlackApiError as error:
            if error.response.get("error") not in _PERMANENT:
                raise
            self._fail(work, f"Slack refused it: {error.response['error']}")

    def _show(self, work: _Work) -> None:
        post = work.post
        with self._db.read() as session:
            fresh = session.get_one(Post, post.id)
            wanted = fresh.wanted
            source = _whole(session, fresh)
            parts = self._renderer.messages(session, source, now=self._clock.now())
        if post.n >= len(parts):
            raise Unrenderable()
        message = parts[post.n]
        sent = Sent(post.sent_channel or "", post.ts) if post.ts else None
        again = False
        if sent is None:
            sent, again = self._first(work, message)
            point("post:sent")
        elif post.shown < wanted:
            self._slack.update(sent, message, post.id)
        if work.twins:
            self._slack.delete_twins(sent, post)
        self._store(work, sent, wanted, more=post.n + 1 < len(parts), again=again)

    def _first(self, work: _Work, message: Message) -> tuple[Sent, bool]:
        """Send the message, or find the one a lost try left; and whether it may appear twice."""
        post = work.post
        channel = self._slack.conversation(post.channel)
        if work.tried:
            found = self._slack.find(channel, post)
            if found is not None:
                self._slack.update(found, message, post.id)
                return found, True
        sent = self._slack.post(channel, post.thread_ts, message, post.id)
        return sent, work.tried

    def _store(self, work: _Work, sent: Sent, wanted: int, *, more: bool, again: bool) -> None:
        now = self._clock.now()
        with self._db.transaction() as session:
            guard(session, work.held)
            row = session.get_one(Post, work.post.id)
            first = row.ts is None
            row.sent_channel, row.ts, row.shown = sent.channel, sent.ts, wanted
            session.add(row)
            session.flush()
            if first:
                self._record(session, row, "bot:post:sent", _said(row), now)
            if first and more:
                _ask_next(session, row, now)
            if first and again:
                _ask_twin_check(session, row, now)
            finish(session, work.rows, now=now)
            release(session, work.held, now=now)

    def _fail(self, work: _Work, reason: str) -> None:
        log.warning("post_failed", post=work.post.id, kind=work.post.kind, reason=reason)
        now = self._clock.now()
        with self._db.transaction() as session:
            guard(session, work.held)
            row = session.get_one(Post, work.post.id)
            row.failed = reason
            session.add(row)
            self._record(session, row, "bot:post:failed", f"Could not be shown: {reason}", now)
            finish(session, work.rows, now=now)
            release(session, work.held, now=now)

    def _record(self, session: Session, row: Post, kind: str, reason: str, now: datetime) -> None:
        subject = row.subject
        self._log.record(
            session,
            workspace_id=row.workspace_id,
            type=kind,
            subject=row.id,
            actor="system:bot",
            at=now,
            reason=reason,
            turn_id=subject if subject.startswith("turn_") else None,
            action_id=subject if subject.startswith("act_") else None,
        )

    def _behind(self, post_id: str) -> bool:
        """Whether more was asked for while the lease was held: that delivery ended at our lease."""
        with self._db.read() as session:
            row = session.get(Post, post_id)
            return row is not None and row.failed is None and row.shown < row.wanted


def _whole(session: Session, post: Post) -> Post:
    """The post whose body a further part is cut from: the same subject and kind, n = 0."""
    if post.n == 0:
        return post
    query = select(Post).where(Post.subject == post.subject, Post.kind == post.kind, Post.n == 0)
    return session.exec(query).one()


def _ask_next(session: Session, row: Post, now: datetime) -> None:
    # Each part asks for the next one, so they arrive in order.
    ask_post(
        session,
        workspace_id=row.workspace_id,
        subject=row.subject,
        kind=row.kind,
        channel=row.sent_channel or row.channel,
        thread_ts=row.thread_ts,
        body={},
        now=now,
        n=row.n + 1,
    )


def _ask_twin_check(session: Session, row: Post, now: datetime) -> None:
    enqueue(
        session,
        workspace_id=row.workspace_id,
        job=_JOB,
        subject=row.id,
        key=f"{row.id}{_TWINS}",
        args={"post_id": row.id},
        now=now,
        not_before=now + TWIN_CHECK,
    )


def _said(row: Post) -> str:
    shown = {
        "answer": "Answered in Slack",
        "card": "Asked in Slack",
        "question": "Asked whether it happened",
        "digest": "Posted the digest",
    }
    return shown.get(row.kind, "Told in Slack")


#: Answers of Slack that no further try changes (docs.slack.dev, chat.postMessage errors).
_PERMANENT = frozenset(
    {
        "channel_not_found",
        "not_in_channel",
        "is_archived",
        "user_not_found",
        "users_not_found",
        "cannot_dm_bot",
        "user_disabled",
        "thread_not_found",
        "cannot_reply_to_message",
        "restricted_action",
        "restricted_action_thread_locked",
        "restricted_action_read_only_channel",
        "message_not_found",
        "cant_update_message",
        "edit_window_closed",
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_too_long",
        "msg_blocks_too_long",
        "no_text",
        "missing_scope",
    }
)
