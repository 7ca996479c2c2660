"""Sending what we owe Slack: one live message per `posts` row, whatever is lost on the way.

A message carries its row's id in its metadata. Before the first send the row says so
(`attempted_at`); a later try looks for the message before it sends again. What turns up twice
all the same, because Slack was slow to show the first, is deleted by a later look. A message that
was previewed (`bot/posts/previews.py`) is finished in its place, whoever began it.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from sqlalchemy import bindparam, update
from sqlmodel import Session

from audit.log import Log
from bot.blocks.parts import Message
from bot.cards import Unrenderable
from bot.deps import Identity
from bot.posts.channel import PERMANENT, Gone, SlackChannel
from bot.posts.finding import Sent
from bot.posts.followups import SEND, Jobs, ask_next, ask_twin_check, jobs_of
from bot.render import Renderer
from core.clock import Clock
from core.db import Database
from core.errors import SignoffError
from core.faultpoints import point
from core.leases import Held, Keepalive, ends_at, release, take
from core.outbox import again_by, finish
from core.posts import Post

log = structlog.get_logger()

LEASE = timedelta(seconds=15)
_POSTS = Post.__table__  # type: ignore[attr-defined]
#: Built once: every message ends with it.
_SHOW = (
    update(_POSTS)
    .where(_POSTS.c.id == bindparam("post_id"))
    .values({name: bindparam(name) for name in ("shown", "sent_channel", "ts")})
    .returning(_POSTS.c.wanted)
)


@dataclass(frozen=True)
class _Work:
    """A post as it was when its lease was taken."""

    post: Post
    held: Held
    jobs: Jobs
    #: Whether an earlier delivery may have sent it already.
    tried: bool


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
                    behind = self._bring(work)
            except BaseException:
                self._give_back(work)
                raise
            if not behind:
                return

    def _begin(self, post_id: str) -> _Work | None:
        """Take the lease, read the row and its open jobs, and note the attempt beforehand."""
        now, name = self._clock.now(), f"post:{post_id}"
        with self._db.transaction() as session:
            held = take(session, name=name, holder=self._holder, ttl=self._lease, now=now)
            if held is None:
                # Whoever has it may be gone; by then it is free.
                free = ends_at(session, name)
                again_by(session, job=SEND, subject=post_id, at=free)
                return None
            jobs = jobs_of(session, post_id, now=now)
            post = session.get(Post, post_id)
            if post is None or post.failed:
                finish(session, jobs.rows, now=now)
                release(session, held, now=now)
                return None
            tried = post.attempted_at is not None
            post.attempted_at = post.attempted_at or now
            return _Work(post, held, jobs, tried)

    def _give_back(self, work: _Work) -> None:
        try:
            with self._db.transaction() as session:
                release(session, work.held, now=self._clock.now())
        except SignoffError as error:
            log.warning("post_lease_not_released", error=type(error).__name__)

    def _bring(self, work: _Work) -> bool:
        """Show it; whether more was asked for meanwhile, by a delivery that ended at our lease."""
        try:
            return self._show(work)
        except Gone as gone:
            self._fail(work, str(gone))
        except Unrenderable as error:
            self._fail(work, error.sentence)
        except SlackApiError as error:
            if error.response.get("error") not in PERMANENT:
                raise
            self._fail(work, f"Slack refused it: {error.response['error']}")
        return False

    def _show(self, work: _Work) -> bool:
        post, rendered = work.post, None
        if post.wanted and not post.body.get("broken_off"):
            with self._db.read() as session:
                rendered = self._renderer.render(session, post, now=self._clock.now())
        sent = Sent(post.sent_channel or "", post.ts) if post.ts else None
        again = False
        if rendered is None:
            if post.wanted:
                sent, again = self._break_off(work, sent)
        elif sent is None:
            sent, again = self._first(work, rendered.message)
            point("post:sent")
        elif post.shown == 0:
            sent, again = self._finish(work, sent, rendered.message)
        elif post.shown < post.wanted:
            self._slack.update(sent, rendered.message, post.id)
        if work.jobs.twins and sent:
            self._slack.delete_twins(sent, post)
        more = rendered is not None and rendered.more
        return self._store(work, sent, more=more, again=again)

    def _first(self, work: _Work, message: Message) -> tuple[Sent, bool]:
        """Send the message, or find the one a lost try left; and whether it may appear twice."""
        post = work.post
        channel = self._slack.conversation(post.channel)
        if work.tried:
            found = self._slack.find(channel, post)
            if found is not None:
                self._slack.finish(found, message, post.id)
                return found, True
        sent = self._slack.post(channel, post.thread_ts, message, post.id)
        return sent, work.tried

    def _finish(self, work: _Work, sent: Sent, message: Message) -> tuple[Sent, bool]:
        """Make the message of its preview; a preview somebody deleted takes no answer with it."""
        try:
            self._slack.finish(sent, message, work.post.id)
        except Gone:
            return self._slack.post(sent.channel, work.post.thread_ts, message, work.post.id), True
        return sent, False

    def _break_off(self, work: _Work, sent: Sent | None) -> tuple[Sent | None, bool]:
        """Leave the preview as it is, if there is one; and whether one may yet turn up."""
        post = work.post
        unsure = sent is None and work.tried
        if unsure:
            sent = self._slack.find(self._slack.conversation(post.channel), post)
        if sent is not None and (post.shown == 0 or unsure):
            try:
                self._slack.break_off(sent, post)
            except Gone:
                return None, False
        return sent, unsure

    def _store(self, work: _Work, sent: Sent | None, *, more: bool, again: bool) -> bool:
        """Write down what Slack shows now; whether more was asked for meanwhile."""
        post, now = work.post, self._clock.now()
        first = post.shown == 0 and post.wanted > 0
        if sent is not None:
            post.sent_channel, post.ts = sent.channel, sent.ts
        values = {"shown": post.wanted, "sent_channel": post.sent_channel, "ts": post.ts}
        with self._db.transaction() as session:
            release(session, work.held, now=now)
            row = session.connection().execute(_SHOW, {"post_id": post.id, **values})
            newest = row.scalar_one()
            if first and sent is not None:
                self._record(session, post, "bot:post:sent", _said(post), now)
            if first and more:
                ask_next(session, post, now=now)
            if first and again:
                ask_twin_check(session, post, now=now)
            finish(session, work.jobs.rows, now=now)
        return bool(newest > post.wanted)

    def _fail(self, work: _Work, reason: str) -> None:
        log.warning("post_failed", post=work.post.id, kind=work.post.kind, reason=reason)
        now = self._clock.now()
        with self._db.transaction() as session:
            release(session, work.held, now=now)
            row = session.get_one(Post, work.post.id)
            row.failed = reason
            session.add(row)
            self._record(session, row, "bot:post:failed", f"Could not be shown: {reason}", now)
            finish(session, work.jobs.rows, now=now)

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


def _said(row: Post) -> str:
    if row.body.get("broken_off"):
        return "Left in Slack as far as it had come"
    shown = {
        "answer": "Answered in Slack",
        "card": "Asked in Slack",
        "question": "Asked whether it happened",
        "status": "Told how it stands",
        "disclosure": "Asked whether it may be shown",
        "inquiry": "Asked back in Slack",
        "reminder": "Reminded in Slack",
        "batch": "Asked about several alike in Slack",
        "digest": "Posted the digest",
        "event": "Told of the event in Slack",
    }
    return shown.get(row.kind, "Told in Slack")
