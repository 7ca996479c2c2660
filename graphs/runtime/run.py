"""Running a turn, as often as it is delivered: the job `run_turn`.

A delivery claims the turn or ends; while it runs, a thread keeps the leases alive; its end (an
answer, a wait, a failure) is one transaction that closes the outbox rows it came for and gives the
leases back. A run that comes to nothing leaves its rows open: the sweeper delivers them again, and
after `Limits.max_tries` runs in a row the turn has failed, visibly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import structlog
from sqlalchemy import bindparam
from sqlmodel import Session, select

from approvals.actions import settled
from approvals.people import People
from core.errors import InvalidTransition, LeaseLost, SignoffError
from core.leases import Keepalive
from core.outbox import Message, Outbox
from core.posts import post_id
from graphs.assistant import State
from graphs.checkpoint.errors import (
    StaleFence,
    StoreUnavailable,
    UnreadableCheckpoint,
    WrongGeneration,
)
from graphs.checkpoint.saver import RedisSaver
from graphs.runtime.budget import LimitReached
from graphs.runtime.claim import Claim, Limits, claim
from graphs.runtime.drain import HandedOver
from graphs.runtime.endings import Endings, give_back
from graphs.runtime.replay import Archive
from graphs.runtime.states import TERMINAL
from graphs.runtime.tables import Turn
from graphs.runtime.thread import Ended, Thread, Waits
from graphs.runtime.turns import JOB, TurnEnded
from graphs.runtime.work import Desk, Work
from graphs.versions import ASSISTANT as VERSIONS
from graphs.versions import Version, Versions
from llm.prompts import ASSISTANT
from llm.sending import ModelRefused

log = structlog.get_logger()

_TURNS, _ROWS = Turn.__table__, Outbox.__table__  # type: ignore[attr-defined]
#: Built once: every run ends with it.
_DUE = (
    select(_TURNS.c.id)
    .join(_ROWS, _ROWS.c.subject == _TURNS.c.id)
    .where(
        _TURNS.c.conversation_id == bindparam("conversation_id"),
        _TURNS.c.tries == 0,
        _ROWS.c.job == JOB,
        _ROWS.c.done_at.is_(None),
    )
    .order_by(_TURNS.c.message_ts)
    .limit(1)
)

#: `later`: it came to nothing and is tried again when the sweeper delivers it.
Outcome = Literal["answered", "waiting", "held", "later", "stopped", "failed", "gone"]


class TurnRunner:
    """Runs turns; safe to share between the threads of a worker."""

    def __init__(
        self,
        desk: Desk,
        people: People,
        saver: RedisSaver,
        limits: Limits | None = None,
        versions: Versions = VERSIONS,
    ) -> None:
        self._desk, self._saver = desk, saver
        self._archive = Archive(desk.db, desk.log, people, versions)
        self._limits, self._versions = limits or Limits(), versions
        self._graphs = {version.name: version.build(saver) for version in versions}
        self._endings = Endings(desk, self._limits)

    def run(self, turn_id: str, context: Sequence[Mapping[str, Any]] = ()) -> Outcome:
        """Take the turn as far as it goes now. Any number of deliveries does the work once.

        `context` is the thread before its message, for a turn that has not been begun.
        """
        if self._desk.drain.begun:
            self._wake(turn_id)
            return "held"
        got = self._claim(turn_id, context)
        if not isinstance(got, Claim):
            return got
        if got.turn.tries > self._limits.max_tries:
            outcome: Outcome = self._endings.exhausted(got, None)
        else:
            outcome = self._attempt(got)
        if outcome == "answered":
            self._deliver(got.turn)
        if outcome in TERMINAL or (outcome == "held" and self._has_ended(got.turn)):
            self._forget(got.turn)
        if outcome != "later":
            self._ring(got.turn)
        return outcome

    def _claim(self, turn_id: str, context: Sequence[Mapping[str, Any]]) -> Claim | Outcome:
        versions = {
            "graph": self._versions.current.name,
            "prompt": ASSISTANT,
            "model": self._desk.models.config.tier(self._desk.tier).model,
            **self._desk.digests,
            "limits": self._desk.budget.digest,
        }
        with self._desk.db.transaction() as session:
            return claim(
                session,
                self._desk.log,
                turn_id=turn_id,
                versions=versions,
                serves=lambda begun: self._versions.serving(begun) is not None,
                limits=self._limits,
                now=self._desk.clock.now(),
                context=context,
            )

    def _attempt(self, got: Claim) -> Outcome:
        try:
            return self._tried(got)
        except (LeaseLost, StaleFence):
            log.info("turn_taken_over", turn=got.turn.id)
            return "held"
        except (TurnEnded, InvalidTransition):
            return self._ended_by_another(got)
        except HandedOver:
            log.info("turn_handed_over", turn=got.turn.id)
            return self._endings.handed_over(got)

    def _tried(self, got: Claim) -> Outcome:
        alive = Keepalive(self._desk.db, self._desk.clock, got.leases, ttl=self._limits.lease)
        version = self._serving(got.turn)
        work = Work(self._desk, got.turn, version, got.held, alive.lost.is_set, first=got.first)
        try:
            # The leases are given back by the ending, so nobody may renew them any more then.
            with alive:
                came_to = self._drive(got, work, version)
            return self._endings.ended(got, came_to)
        except (LeaseLost, StaleFence, TurnEnded, InvalidTransition, HandedOver):
            raise
        except ModelRefused as error:
            return self._endings.failed(got, error.sentence)
        except LimitReached as error:
            return self._endings.limited(got, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the turn is kept and tried again
            return self._endings.came_to_nothing(got, error)

    def _drive(self, got: Claim, work: Work, version: Version) -> Ended | Waits:
        fresh = got.first
        for _ in range(self._limits.rebuilds + 1):
            thread = self._thread(got, version)
            try:
                if fresh:
                    if ended := thread.begin(self._beginning(got.turn), work):
                        return ended
                # A thread of a version that was taken over is not continued but run again.
                elif got.turn.versions["graph"] != version.name or not thread.whole():
                    raise WrongGeneration()
                return thread.go_on(work, self._settled)
            except (WrongGeneration, UnreadableCheckpoint):
                log.info("thread_rebuilt", turn=got.turn.id, generation=got.turn.generation)
                self._endings.next_generation(got, work, version.name)
                fresh = True
        raise SignoffError("the conversation's store loses what it is given")

    def _beginning(self, turn: Turn) -> State:
        return self._archive.beginning(turn, now=self._desk.clock.now())

    def _serving(self, turn: Turn) -> Version:
        version = self._versions.serving(turn.versions["graph"])
        assert version is not None  # else it would not have been claimed
        return version

    def _thread(self, got: Claim, version: Version) -> Thread:
        graph, turn, steps = self._graphs[version.name], got.turn, self._desk.budget.steps
        return Thread(graph, self._saver, turn.id, turn.generation, got.held.token, steps)

    def _settled(self, action_ids: Sequence[str]) -> dict[str, str]:
        with self._desk.db.read() as session:
            heads = settled(session, action_ids)
        return {action_id: head.id for action_id, head in heads.items()}

    def _ended_by_another(self, got: Claim) -> Outcome:
        try:
            with self._desk.db.transaction() as session:
                give_back(session, got, now=self._desk.clock.now())
                status = session.exec(select(Turn.status).where(Turn.id == got.turn.id)).one()
        except LeaseLost:
            return "held"
        return status if status in TERMINAL else "held"  # type: ignore[return-value]

    def _deliver(self, turn: Turn) -> None:
        """Send the answer before the next message of the conversation is begun, so that answers
        stand in its order."""
        if self._desk.deliver is None:
            return
        try:
            self._desk.deliver(post_id(turn.id, "answer"))
        except Exception as error:  # noqa: BLE001 - whatever it is, the queue has it too
            log.warning("answer_put_off", turn=turn.id, error=type(error).__name__)

    def _has_ended(self, turn: Turn) -> bool:
        # Whoever took it over may have ended it, and forgotten its thread before we began it anew.
        with self._desk.db.read() as session:
            status = session.exec(select(Turn.status).where(Turn.id == turn.id)).one()
        return status in TERMINAL

    def _forget(self, turn: Turn) -> None:
        """An ended turn needs no checkpoints: SQL holds all of it."""
        try:
            self._saver.delete_thread(turn.id)
        except StoreUnavailable:
            log.info("thread_left_to_expire", turn=turn.id)

    def _ring(self, turn: Turn) -> None:
        """Deliver at once what met our leases meanwhile; without this the sweeper would, later."""
        with self._desk.db.read() as session:
            due = _next_due(session, turn)
        if due is not None:
            self._wake(due)

    def _wake(self, turn_id: str) -> None:
        if self._desk.db.wake is not None:
            self._desk.db.wake([Message(JOB, {"turn_id": turn_id})])


def _next_due(session: Session, turn: Turn) -> str | None:
    """The oldest turn of the conversation that someone asked to run and that is not being retried
    (its own next occasion included)."""
    found = session.connection().execute(_DUE, {"conversation_id": turn.conversation_id})
    first: str | None = found.scalars().first()
    return first
