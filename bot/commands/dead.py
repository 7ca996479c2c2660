"""`signoff dead list | show | replay | drop`: jobs that were given up after all their tries."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping

from sqlmodel import Session

from approvals.actions import cancel, move
from approvals.states import ACTION_OPEN
from approvals.tables import Action
from approvals.unknowns import ask_about
from bot.commands.looking import Desk, at_desk
from core.dead import DeadLetter, NoSuchLetter, dead_letters, drop, replay
from core.errors import ConfigError
from core.posts import Post
from graphs.runtime.turns import stop


def run(args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print what was asked for. Raises a `SignoffError` whose sentence says what is wrong."""
    return at_desk(_Letters, args, environ, reasoned=("drop",))


class _Letters(Desk):
    def lines(self, args: argparse.Namespace) -> Iterator[str]:
        match args.what:
            case "list":
                return self.list()
            case "show":
                return self.show(args.id)
            case "replay":
                return self.replay(args.id)
            case _:
                return self.drop(args.id, args.reason)

    def list(self) -> Iterator[str]:
        with self.db.read() as session:
            found = dead_letters(session, workspace_id=self.people.workspace_id)
        for one in found:
            yield (
                f"{one.id}  {one.died_at:%Y-%m-%d %H:%M} UTC  {one.job} {one.subject}: {one.why}, "
                f"{one.tries} tries"
            )
        yield f"{len(found)} given up."

    def show(self, letter_id: str) -> Iterator[str]:
        with self.db.read() as session:
            one = self._ours(session, letter_id)
        yield f"{one.id}: {one.status}"
        yield f"  job:    {one.job} {json.dumps(one.args)}"
        yield f"  tries:  {one.tries}, the last {one.died_at:%Y-%m-%d %H:%M:%S} UTC: {one.why}"
        if one.decided_by:
            yield f"  {one.status} by {one.decided_by}{f': {one.reason}' if one.reason else ''}"

    def replay(self, letter_id: str) -> Iterator[str]:
        with self.db.transaction() as session:
            self._ours(session, letter_id)
            letter = replay(session, letter_id, by=self.who.actor, now=self.now)
            self._record(session, letter, "replayed", f"{self.who.name} has it tried again")
        yield f"{letter.job} {letter.subject} is queued again."

    def drop(self, letter_id: str, reason: str) -> Iterator[str]:
        with self.db.transaction() as session:
            self._ours(session, letter_id)
            letter = drop(session, letter_id, by=self.who.actor, reason=reason, now=self.now)
            ended = self._end(session, letter, reason)
            self._record(session, letter, "dropped", f"{self.who.name} dropped it: {reason}")
        yield f"{letter.job} {letter.subject} is dropped{ended}."

    def _ours(self, session: Session, letter_id: str) -> DeadLetter:
        letter = session.get(DeadLetter, letter_id)
        if letter is None or letter.workspace_id != self.people.workspace_id:
            raise NoSuchLetter()
        return letter

    def _end(self, session: Session, letter: DeadLetter, reason: str) -> str:
        """What nobody works on any more must not look as if somebody did; what became of it."""
        if letter.job in ("prepare", "execute"):
            return self._end_action(session, letter.subject, reason)
        if letter.job == "run_turn":
            stopped = stop(
                session, self.log, turn_id=letter.subject, by=self.who.actor,
                name=self.who.name, now=self.now,
            )  # fmt: skip
            return ", and its turn is stopped" if stopped else ""
        post = session.get(Post, letter.subject) if letter.job == "send_post" else None
        if post is not None and post.shown < post.wanted:
            post.failed = f"dropped: {reason}"
            session.add(post)
            return ", and its message is not sent"
        return ""

    def _end_action(self, session: Session, action_id: str, reason: str) -> str:
        action = session.get(Action, action_id, populate_existing=True)
        said = f"{self.who.name} dropped it: {reason}"
        if action is not None and action.status in ACTION_OPEN:
            cancel(session, self.log, action, now=self.now, actor=self.who.actor, reason=said)
            return ", and its action is cancelled"
        if action is None or action.status != "executing":
            return ""
        if action.lease_until is not None and action.lease_until > self.now:
            raise ConfigError("A worker is at it just now. Wait a minute and try again.")
        # It may have been sent: only somebody who looks can tell.
        message = "It is not known whether this happened: nobody works on it any more."
        moved = move(
            session,
            self.log,
            action,
            "unknown",
            now=self.now,
            actor=self.who.actor,
            reason=said,
            token=action.token,
            outcome={"status": "unknown", "message": message},
            lease_until=None,
            next_at=None,
        )
        ask_about(session, moved, now=self.now)
        return ", and a person is asked whether it happened"

    def _record(self, session: Session, letter: DeadLetter, what: str, reason: str) -> None:
        self.log.record(
            session,
            workspace_id=letter.workspace_id,
            type=f"bot:job:{what}",
            subject=letter.id,
            actor=self.who.actor,
            at=self.now,
            reason=reason,
            action_id=letter.subject if letter.subject.startswith("act_") else None,
        )
