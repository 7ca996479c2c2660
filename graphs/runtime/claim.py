"""Taking a turn: its lease and its conversation's, in one transaction, or a reason not to."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import structlog
from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from approvals.switches import Stopped, in_force
from audit.log import Log
from core.leases import Held, release, take
from core.outbox import finish, open_rows
from graphs.runtime.states import RECEIVED, RUNNING, TERMINAL
from graphs.runtime.tables import Turn
from graphs.runtime.turns import JOB, end_stopped, move_turn
from graphs.runtime.waiting import has_open_actions

Refusal = Literal["gone", "held", "answered", "failed", "stopped"]


_TURNS = Turn.__table__  # type: ignore[attr-defined]
#: Built once: every run begins with it.
_EARLIER = (
    select(_TURNS.c.id)
    .where(
        _TURNS.c.conversation_id == bindparam("conversation_id"),
        _TURNS.c.message_ts < bindparam("message_ts"),
        _TURNS.c.status == RECEIVED,
        _TURNS.c.tries == 0,
    )
    .limit(1)
)


@dataclass(frozen=True)
class Limits:
    """Times and counts of running a turn; tests shorten them."""

    #: A worker that died is replaced after this long.
    lease: timedelta = timedelta(seconds=15)
    #: Runs in a row that came to nothing (a crash, a model or store that does not answer).
    max_tries: int = 5
    #: How often one run rebuilds a thread that vanishes under it.
    rebuilds: int = 3


@dataclass(frozen=True)
class Claim:
    """A turn taken by this run. `rows` are the outbox rows that its end may close."""

    turn: Turn
    held: Held
    conversation: Held
    rows: Sequence[str]
    #: False when an earlier run may have begun its thread.
    first: bool

    @property
    def leases(self) -> tuple[Held, Held]:
        return self.held, self.conversation


def claim(
    session: Session,
    log: Log,
    *,
    turn_id: str,
    versions: dict[str, Any],
    serves: Callable[[str], bool],
    limits: Limits,
    now: datetime,
    context: Sequence[Mapping[str, Any]] = (),
) -> Claim | Refusal:
    """Take the turn and count a try; or say why there is nothing to run.

    `context` is the thread before a message that has not been begun, where its row has none yet.

    `versions` are what is in force here; a begun turn keeps its graph's. `serves` tells whether
    this code can go on with a version of the graph: one that is not its own, while newer workers
    take over from older ones, is left to them.
    """
    turn = session.get(Turn, turn_id)
    if turn is None:
        return "gone"
    rows = open_rows(session, job=JOB, subject=turn.id)
    if turn.status in TERMINAL:
        finish(session, rows, now=now)
        return turn.status  # type: ignore[return-value]
    stop = _stop_of(session, turn)
    if stop is not None and not stop.final and has_open_actions(session, turn.id):
        return "held"  # what was permitted before is kept, and goes on when the stop is lifted
    if stop is not None:
        end_stopped(session, log, turn, by="system:worker", reason=stop.sentence, now=now)
        return "stopped"
    begun = turn.versions.get("graph")
    if begun is not None and not serves(begun):
        structlog.get_logger().warning("turn_of_another_version", turn=turn.id, graph=begun)
        return "held"
    if _overtakes(session, turn):
        return "held"
    leases = _take_both(session, turn, limits, now)
    if leases is None:
        return "held"
    if leases[0].token > 1:
        # Whoever held it may have moved the turn between our look at it and their release.
        session.refresh(turn)
    if turn.status in TERMINAL:
        release(session, *leases, now=now)
        finish(session, rows, now=now)
        return turn.status  # type: ignore[return-value]
    first = turn.status == RECEIVED
    read = {"context": [dict(item) for item in context]} if first and not turn.context else {}
    _count_try(session, log, turn, versions, now, read)
    return Claim(turn, *leases, rows, first)


def stopped_by(session: Session, turn: Turn) -> str | None:
    """Which stop holds this turn, as a sentence; None when none does."""
    stop = _stop_of(session, turn)
    return stop.sentence if stop else None


def _stop_of(session: Session, turn: Turn) -> Stopped | None:
    scopes = [
        f"turn:{turn.id}",
        f"conversation:{turn.conversation_id}",
        f"automation:{turn.automation}",
        "all",
    ]
    return in_force(session, workspace_id=turn.workspace_id, scopes=scopes)


def _overtakes(session: Session, turn: Turn) -> bool:
    """Whether an earlier message of the conversation has not been begun yet: Slack's ts orders
    them, deliveries do not. One that was tried and failed holds nobody up."""
    place = {"conversation_id": turn.conversation_id, "message_ts": turn.message_ts}
    return session.connection().execute(_EARLIER, place).first() is not None


def _take_both(
    session: Session, turn: Turn, limits: Limits, now: datetime
) -> tuple[Held, Held] | None:
    holder = f"worker:{os.getpid()}"
    held = take(session, name=f"turn:{turn.id}", holder=holder, ttl=limits.lease, now=now)
    if held is None:
        return None
    name = f"conversation:{turn.conversation_id}"
    conversation = take(session, name=name, holder=holder, ttl=limits.lease, now=now)
    if conversation is None:
        release(session, held, now=now)
        return None
    return held, conversation


def _count_try(  # noqa: PLR0917 - a private call
    session: Session,
    log: Log,
    turn: Turn,
    versions: dict[str, Any],
    now: datetime,
    read: dict[str, Any],
) -> None:
    # What it began with and this code does not know better: its graph, and what it was forked from.
    kept = {name: turn.versions[name] for name in ("graph", "fork") if name in turn.versions}
    changes: dict[str, Any] = {"tries": turn.tries + 1, "versions": {**versions, **kept}, **read}
    if turn.status == RUNNING:  # whoever ran it died, or gave it back for a later try
        session.execute(update(Turn).where(col(Turn.id) == turn.id).values(**changes))
        session.refresh(turn)
        return
    move_turn(
        session, log, turn, RUNNING, now=now, actor="system:worker", reason="Begun", **changes
    )
