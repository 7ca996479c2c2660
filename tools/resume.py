"""An action whose intent stands: its wait is over, or the worker that held it died.

Nothing is re-read, re-judged or superseded here. What may follow is `protocol.following`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from approvals.moves import row_of
from core.errors import LeaseLost
from tools.calling import call_for
from tools.claim import Claim, Work, lease_until, postpone, reclaim, standing, write
from tools.contract import Effect
from tools.deps import Deps
from tools.gates import take_look, take_turn
from tools.holding import may_go
from tools.protocol import Next, Step, following
from tools.settle import proceed

_DIED = "No answer came: the worker stopped in the middle."


def resume(deps: Deps, work: Work) -> Claim | str:
    """Claim an executing action for its next call or look; a string says what happened instead.

    Raises `LeaseLost` when another worker was faster.
    """
    action, now = work.action, deps.clock.now()
    if action.lease_until is not None and action.lease_until > now:
        return "held"
    if action.next_at is not None and action.next_at > now:
        with deps.db.transaction() as session:
            postpone(session, work.queued, action.next_at)
        return "held"
    if not _time_counts(deps, work, now):
        return "held"
    if not may_go(deps, work):
        return "held"
    died = action.lease_until is not None
    tainted = action.tainted or (died and work.tool.effect is not Effect.READ)
    with deps.db.transaction() as session:
        held, now = _as_read(session, work), deps.clock.now()
        at = replace(standing(session, held.action, now=now), tainted=tainted)
        step = following(work.tool, deps.limits, at, now=now, chance=deps.chance())
        if step.step is Step.CALL or (step.step is Step.LOOK and step.due <= now):
            free = _free_at(deps, session, work, step.step)
            if free is not None:
                write(session, held.action, tainted=tainted)
                later = Next(step.step, free)
                return proceed(deps, session, held, later, "Too many calls just now.", now=now)
            return claim_again(session, deps, held, step.step, tainted=tainted)
        write(session, held.action, tainted=tainted)
        message = _DIED if died else "The other system does not answer."
        return proceed(deps, session, held, step, message, now=now)


def claim_again(session: Session, deps: Deps, work: Work, step: Step, *, tainted: bool) -> Claim:
    """The next claim of an executing action, in this transaction. Raises `LeaseLost`."""
    now = deps.clock.now()
    action = reclaim(session, deps, work, step, tainted=tainted, now=now)
    call = call_for(action, work.tool, work.principal, limits=deps.limits, now=now)
    return Claim(
        action=action,
        tool=work.tool,
        args=work.args,
        call=call,
        step=step,
        queued=work.queued,
        seen=work.seen,
    )


def _time_counts(deps: Deps, work: Work, now: datetime) -> bool:
    """Whether the times on its row say how long ago it was sent; else it is put off until they do.

    When the clock was just set, or the machine stood still, a claim seems to have run out whose
    call is under way, and "absent" would prove nothing.
    """
    lease = lease_until(deps, work.tool, now) - now
    if not (work.action.lease_until or work.action.tainted):
        return True
    if deps.even_for(lease.total_seconds()):
        return True
    with deps.db.transaction() as session:
        postpone(session, work.queued, now + lease)
    return False


def _free_at(deps: Deps, session: Session, work: Work, step: Step) -> datetime | None:
    turn = take_turn if step is Step.CALL else take_look
    return turn(
        deps, session, work.tool, workspace_id=work.action.workspace_id, now=deps.clock.now()
    )


def _as_read(session: Session, work: Work) -> Work:
    """The same work on a row of this session, unless it moved on since it was read."""
    row = row_of(session, work.action.id)
    if (row.status, row.token) != (work.action.status, work.action.token):
        raise LeaseLost(f"{row.id} was taken over")
    session.expunge(row)  # changed by guarded updates alone, never by a flush
    return replace(work, action=row)
