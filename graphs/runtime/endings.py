"""How a run of a turn ends: each ending is one transaction under the turn's lease."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

import structlog
from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from approvals.actions import cancel_turn
from approvals.tables import Action
from core.errors import LeaseLost, ModelError
from core.faultpoints import point
from core.leases import release
from core.outbox import finish
from core.posts import ask_post
from graphs.checkpoint.errors import StoreUnavailable
from graphs.runtime.budget import LimitReached
from graphs.runtime.claim import Claim, Limits
from graphs.runtime.done import done_words
from graphs.runtime.states import ANSWERED, FAILED, WAITING
from graphs.runtime.tables import Turn
from graphs.runtime.thread import Ended, Waits
from graphs.runtime.turns import move_turn, post_notice
from graphs.runtime.work import Desk, Work
from llm.tables import ModelResponse

log = structlog.get_logger()
_ACTOR = "system:worker"
_ANSWERS, _ACTIONS = ModelResponse.__table__.c, Action.__table__.c  # type: ignore[attr-defined]
# Built once: every answer tells what it cost and what it rests on.
_SPENT = select(_ANSWERS.cost_micros, _ANSWERS.input_tokens, _ANSWERS.output_tokens).where(
    _ANSWERS.turn_id == bindparam("turn_id")
)
_DONE = (
    select(_ACTIONS.id)
    .where(_ACTIONS.turn_id == bindparam("turn_id"))
    .order_by(_ACTIONS.created_at)
)


class Endings:
    def __init__(self, desk: Desk, limits: Limits) -> None:
        self._desk, self._limits = desk, limits

    def ended(self, got: Claim, came_to: Ended | Waits) -> Literal["answered", "waiting"]:
        """Keep what the graph came to and give the leases back."""
        if isinstance(came_to, Waits):
            return self._waiting(got, came_to)
        self._answered(got, came_to)
        point("turn:answered")
        return "answered"

    def failed(self, got: Claim, sentence: str) -> Literal["failed"]:
        """The turn has failed for this reason, which its thread is told."""
        return self._failed(got, sentence, lambda _session: sentence)

    def limited(self, got: Claim, limit: LimitReached) -> Literal["failed"]:
        """The turn has failed at a limit; its thread is told also what was done until then."""

        def told(session: Session) -> str:
            return f"{limit.what} {done_words(session, got.turn.id)} {limit.advice}"

        return self._failed(got, limit.reason, told)

    def _failed(self, got: Claim, reason: str, told: Callable[[Session], str]) -> Literal["failed"]:
        now = self._desk.clock.now()
        with self._desk.db.transaction() as session:
            give_back(session, got, now=now)
            text = told(session)
            move_turn(
                session,
                self._desk.log,
                got.turn,
                FAILED,
                now=now,
                actor=_ACTOR,
                reason=reason,
                body={"text": text},
            )
            cancel_turn(
                session,
                self._desk.log,
                got.turn.id,
                now=now,
                actor=_ACTOR,
                reason="The message it belongs to has failed",
            )
            post_notice(session, got.turn, text, now=now)
            finish(session, got.rows, now=now)
        return "failed"

    def came_to_nothing(self, got: Claim, error: Exception) -> Literal["later", "failed", "held"]:
        """Leave the outbox rows open for a later try, or fail when this was the last one."""
        log.warning(
            "turn_came_to_nothing",
            turn=got.turn.id,
            tries=got.turn.tries,
            error=type(error).__name__,
            exc_info=not isinstance(error, (ModelError, StoreUnavailable)),
        )
        try:
            if got.turn.tries >= self._limits.max_tries:
                return self.exhausted(got, error)
            with self._desk.db.transaction() as session:
                give_back(session, got, now=self._desk.clock.now())
        except LeaseLost:
            return "held"
        return "later"

    def handed_over(self, got: Claim) -> Literal["held"]:
        """Give the turn back as it is, for another worker to go on with; this was no failed try."""
        try:
            with self._desk.db.transaction() as session:
                give_back(session, got, now=self._desk.clock.now())
                session.execute(
                    update(Turn).where(col(Turn.id) == got.turn.id).values(tries=got.turn.tries - 1)
                )
        except LeaseLost:
            log.info("turn_taken_over", turn=got.turn.id)
        return "held"

    def exhausted(self, got: Claim, error: Exception | None) -> Literal["failed"]:
        return self.failed(got, _sentence(error, self._limits.max_tries))

    def next_generation(self, got: Claim, work: Work, version: str) -> None:
        """The thread is to be rebuilt in this version of the graph: puts of the old generation are
        refused from now on."""
        turn, before = got.turn, got.turn.versions["graph"]
        changes: dict[str, Any] = {
            "generation": turn.generation + 1,
            "versions": {**turn.versions, "graph": version},
        }
        with work.write() as session:
            session.execute(update(Turn).where(col(Turn.id) == turn.id).values(**changes))
            if version != before:
                self._log_takeover(session, turn, before, version)
        for name, value in changes.items():
            setattr(turn, name, value)

    def _log_takeover(self, session: Session, turn: Turn, before: str, version: str) -> None:
        self._desk.log.record(
            session,
            workspace_id=turn.workspace_id,
            type="graphs:run:taken-over",
            subject=turn.id,
            actor=_ACTOR,
            at=self._desk.clock.now(),
            reason=f"Goes on in {version}, begun in {before}",
            turn_id=turn.id,
            versions={**turn.versions, "graph": version, "graph_before": before},
        )

    def _waiting(self, got: Claim, came_to: Waits) -> Literal["waiting"]:
        now, count = self._desk.clock.now(), len(came_to.action_ids)
        with self._desk.db.transaction() as session:
            give_back(session, got, now=now)
            move_turn(
                session,
                self._desk.log,
                got.turn,
                WAITING,
                now=now,
                actor=_ACTOR,
                reason="Waiting for one step" if count == 1 else f"Waiting for {count} steps",
                tries=0,
                # Code that comes later is checked for having them (`graphs.runtime.places`).
                versions={**got.turn.versions, "nodes": list(came_to.nodes)},
            )
            finish(session, got.rows, now=now)
        return "waiting"

    def _answered(self, got: Claim, came_to: Ended) -> None:
        now, turn = self._desk.clock.now(), got.turn
        with self._desk.db.transaction() as session:
            give_back(session, got, now=now)
            move_turn(
                session,
                self._desk.log,
                turn,
                ANSWERED,
                now=now,
                actor=_ACTOR,
                reason="Answered",
                body={"text": came_to.text, "sources": list(came_to.sources)},
                answer=came_to.text,
                tries=0,
            )
            ask_post(
                session,
                workspace_id=turn.workspace_id,
                subject=turn.id,
                kind="answer",
                channel=turn.channel,
                thread_ts=turn.thread_ts,
                body=_answer_body(session, turn, came_to),
                now=now,
                sent_here=self._desk.deliver is not None,
            )
            finish(session, got.rows, now=now)


def give_back(session: Session, got: Claim, *, now: datetime) -> None:
    """Release both leases. Raises `LeaseLost` when another worker has the turn."""
    release(session, *got.leases, now=now)


def _answer_body(session: Session, turn: Turn, came_to: Ended) -> dict[str, Any]:
    link, mine = session.connection(), {"turn_id": turn.id}
    answers = link.execute(_SPENT, mine).all()
    costs = [cost for cost, _, _ in answers]
    known = [cost for cost in costs if cost is not None]
    return {
        "text": came_to.text,
        "sources": list(came_to.sources),
        # One unknown price makes the sum unknown, never smaller.
        "cost_micros": sum(known) if len(known) == len(costs) else None,
        "model": turn.versions.get("model"),
        "tokens": sum(tokens_in + tokens_out for _, tokens_in, tokens_out in answers),
        "action_ids": list(link.execute(_DONE, mine).scalars()),
    }


def _sentence(error: Exception | None, tries: int) -> str:
    if isinstance(error, ModelError):
        what = "The language model did not answer"
    elif isinstance(error, StoreUnavailable):
        what = "The store of conversations in flight did not answer"
    else:
        reference = secrets.token_hex(4)
        log.error("turn_failed", reference=reference, exc_info=error)
        return (
            f"Something went wrong on my side (reference {reference}). I tried {tries} times and "
            "gave up on this message; what was done before stands and is in the story."
        )
    return (
        f"{what}, {tries} times in a row, so I gave up on this message. What was done before "
        "stands; please ask again in a while."
    )
