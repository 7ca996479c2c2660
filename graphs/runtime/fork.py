"""A new turn from an earlier turn's step, where nothing that happened can happen again.

What its earlier steps did is carried over as words the model has read; their actions stay the
earlier turn's. Whatever it proposes is an action of its own and needs its own permission. So that
it cannot do a second time what was done *after* the step, there must be nothing of that kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from approvals.tables import Action, title_of
from audit.log import Log
from core.errors import GraphError
from core.ids import new_id
from core.notices import say
from core.outbox import enqueue
from graphs.runtime.history import changed_outside
from graphs.runtime.replay import Archive
from graphs.runtime.states import TERMINAL
from graphs.runtime.tables import Turn, forked_from
from graphs.runtime.turns import JOB
from tools.offering import is_undone

#: The turn's first notice is n=0: how it ends, where it ends without an answer.
_FORK_NOTICE = 1


class CannotFork(GraphError):
    """No new try can begin there."""


@dataclass(frozen=True)
class Who:
    """Who asked for it: the actor as the log names them, and in words."""

    actor: str
    name: str


def refusal(session: Session, turn: Turn, step: int) -> str | None:
    """Why no new turn may begin after this step; None when it may."""
    under_way = unfinished(session, turn)
    if under_way is not None:
        return (
            f"{under_way.id} is still {under_way.status}: let it end, or stop it with /signoff "
            "stop in its channel, so that the two do not do the same."
        )
    done = next(iter(standing_after(session, turn, step)), None)
    if done is None:
        return None
    where = "" if done.turn_id == turn.id else f" of {done.turn_id}"
    return (
        f"Step {done.step + 1}{where} did this: {title_of(done)} ({done.status}). A new "
        f"try from step {step} could do it again. Begin at that step or later, or have it undone "
        f"first: signoff runs back {turn.id} {step}"
    )


def unfinished(session: Session, turn: Turn) -> Turn | None:
    """The first try of the same message that has not ended."""
    return next((one for one in _tries(session, turn) if one.status not in TERMINAL), None)


def standing_after(session: Session, turn: Turn, step: int) -> list[Action]:
    """What has, or may have, changed something outside after this step, in any try of the same
    message, and was not undone since; in the order of their steps."""
    carried = _carried(session, turn, step)
    return [
        action
        for one in _tries(session, turn)
        for action in _changed_after(session, one, carried.get(one.id, 0))
    ]


def require_state(archive: Archive, turn: Turn, step: int, *, now: datetime) -> None:
    """Raise `CannotFork` where there is no whole state after this step, `GraphError` where it
    cannot be told."""
    state = archive.state_at(turn, step, now=now)
    if state.open:
        raise CannotFork(f"Step {step} was never finished, so nothing can go on from there.")
    if state.values["answer"] is not None:
        raise CannotFork(f"Step {step} is the answer. Choose an earlier step to go on from.")


def fork(
    session: Session,
    log: Log,
    turn: Turn,
    step: int,
    *,
    who: Who,
    now: datetime,
    made_id: str | None = None,
) -> Turn:
    """Queue a new turn that goes on from the state after this step, and tell its thread.

    The caller has replayed that state and found it complete (`require_state`). `made_id` is the
    new turn's id where it must be the same however often this is tried. Raises `CannotFork`.
    """
    why = refusal(session, turn, step)
    if why is not None:
        raise CannotFork(why)
    made = Turn(
        id=made_id or new_id("turn"),
        workspace_id=turn.workspace_id,
        conversation_id=turn.conversation_id,
        principal_id=turn.principal_id,
        automation=turn.automation,
        channel=turn.channel,
        thread_ts=turn.thread_ts,
        message_ts=turn.message_ts,
        text=turn.text,
        context=list(turn.context),
        happened=turn.happened,
        readers=turn.readers,
        versions={"fork": f"{turn.id}@{step}"},
        created_at=now,
    )
    session.add(made)
    session.flush()
    told = f"{who.name} had me try this again from step {step}"
    for one in (turn, made):
        log.record(
            session,
            workspace_id=one.workspace_id,
            type="graphs:run:forked",
            subject=one.id,
            actor=who.actor,
            at=now,
            reason=told,
            turn_id=one.id,
            versions={**made.versions, "made": made.id},
            body={"text": made.text, "context": made.context} if one is made else None,
            about=one.principal_id,
        )
    _queue(session, made, told, now=now)
    return made


def _tries(session: Session, turn: Turn) -> list[Turn]:
    """Every turn made of this message: the first, and whatever was forked from it."""
    query = select(Turn).where(
        Turn.conversation_id == turn.conversation_id, Turn.message_ts == turn.message_ts
    )
    return list(session.exec(query.with_for_update()))


def _changed_after(session: Session, turn: Turn, step: int) -> list[Action]:
    # An undo is told by what it undoes: that stands, or does not.
    query = select(Action).where(
        Action.turn_id == turn.id, col(Action.step) >= step, col(Action.undone_by).is_(None)
    )
    actions = session.exec(query.order_by(col(Action.step), col(Action.call)))
    return [one for one in actions if changed_outside(one) and not is_undone(session, one)]


def _carried(session: Session, turn: Turn, step: int) -> Mapping[str, int]:
    """How many steps of which turns the state after this step has seen."""
    carried = {turn.id: step}
    while (fork := forked_from(turn)) is not None:
        turn = session.get_one(Turn, fork[0])
        carried[turn.id] = fork[1]
    return carried


def _queue(session: Session, made: Turn, told: str, *, now: datetime) -> None:
    enqueue(
        session,
        workspace_id=made.workspace_id,
        job=JOB,
        subject=made.id,
        key=f"{made.id}:forked",
        args={"turn_id": made.id},
        now=now,
    )
    say(session, made, f"{told}.", now=now, n=_FORK_NOTICE)
