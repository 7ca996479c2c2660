"""Turns in SQL: how one is received, moved and stopped. Services never commit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, select

from approvals.actions import cancel_turn
from approvals.windows import ask_compensation
from audit.log import Log
from core.errors import GraphError, InvalidTransition
from core.ids import derive_id
from core.notices import say
from core.outbox import finish, open_rows
from core.posts import break_off_post
from graphs.runtime.done import done_words
from graphs.runtime.states import FAILED, RUNNING, STOPPED, TERMINAL, WAITING, advance_turn
from graphs.runtime.tables import Turn

JOB = "run_turn"
# Built once, on the table itself: every write of every turn begins with them.
_TURNS = Turn.__table__  # type: ignore[attr-defined]
_STATUS = select(_TURNS.c.status).where(_TURNS.c.id == bindparam("turn_id"))
_MOVE = update(_TURNS).where(
    _TURNS.c.id == bindparam("moved_id"), _TURNS.c.status == bindparam("moved_from")
)


def turn_id(workspace_id: str, channel: str, message_ts: str) -> str:
    return derive_id("turn", workspace_id, channel, message_ts)


def conversation_id(workspace_id: str, channel: str, thread_ts: str) -> str:
    return derive_id("conv", workspace_id, channel, thread_ts)


def move_turn(
    session: Session,
    log: Log,
    turn: Turn,
    to: str,
    *,
    now: datetime,
    actor: str,
    reason: str,
    body: Mapping[str, Any] | None = None,
    **changes: Any,
) -> None:
    """Compare-and-set one step of a turn, with its event. Raises `InvalidTransition` when someone
    was faster. `turn` is changed to what the row now says."""
    before = turn.status
    advance_turn(before, to)
    values = {"status": to, **changes}
    if to in TERMINAL:
        values["finished_at"] = now
    if to in (FAILED, STOPPED):
        values["reason"] = reason
    moved = session.connection().execute(
        _MOVE.values(**values), {"moved_id": turn.id, "moved_from": before}
    )
    if moved.rowcount != 1:
        raise InvalidTransition(f"turn {turn.id} is no longer {before}")
    for name, value in values.items():
        set_committed_value(turn, name, value)
    if (before, to) == (WAITING, RUNNING):
        return  # going on after a wait tells nobody anything
    log.record(
        session,
        workspace_id=turn.workspace_id,
        type=f"graphs:turn:{'started' if to == RUNNING else to}",
        subject=turn.id,
        actor=actor,
        at=now,
        reason=reason,
        turn_id=turn.id,
        versions=turn.versions or {},
        body=body,
        about=turn.principal_id,
    )


class TurnEnded(GraphError):
    """This was stopped."""


def require_running(session: Session, turn_id: str) -> None:
    """Raise `TurnEnded` unless this turn is running."""
    status = session.connection().execute(_STATUS, {"turn_id": turn_id}).scalar_one()
    if status != RUNNING:
        raise TurnEnded(f"turn {turn_id} is {status}")


def stop(session: Session, log: Log, *, turn_id: str, by: str, name: str, now: datetime) -> bool:
    """Stop a turn and cancel what it has not begun to execute; anyone may.

    `by` is the person's id, `name` how the notice calls them. False when the turn had ended. A
    worker in the middle of it notices within a moment while a model writes, else at its next write.
    """
    turn = session.get(Turn, turn_id, with_for_update=True, populate_existing=True)
    if turn is None or turn.status in TERMINAL:
        return False
    end_stopped(session, log, turn, by=by, reason=f"{name} stopped this", now=now)
    return True


def end_stopped(
    session: Session, log: Log, turn: Turn, *, by: str, reason: str, now: datetime
) -> None:
    """The turn is stopped for this reason, its open actions cancelled, and its thread told; what
    was done stands, and what was shown is left."""
    move_turn(session, log, turn, STOPPED, now=now, actor=by, reason=reason)
    cancel_turn(session, log, turn.id, now=now, actor=by, reason=reason)
    finish(session, open_rows(session, job=JOB, subject=turn.id), now=now)
    ask_compensation(session, turn.workspace_id, turn.id, STOPPED, now=now)
    post_notice(session, turn, f"{reason}. {done_words(session, turn.id)}", now=now)


def post_notice(session: Session, turn: Turn, text: str, *, now: datetime) -> None:
    """A short word of ours in the turn's thread, where there will be no answer: one that was begun
    is left as it is."""
    break_off_post(session, subject=turn.id, kind="answer", now=now)
    say(session, turn, text, now=now)
