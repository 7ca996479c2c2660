"""What one call or look came to, written down under the claim's token.

A write that finds a newer token raises (`LeaseLost`, `InvalidTransition`): another worker has taken
the action over, and what this one learnt is learnt again by that one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlmodel import Session

from approvals.moves import move
from approvals.tables import Action
from approvals.unknowns import ask_about
from core.outbox import finish
from tools.bounded import Overrun
from tools.calling import Unexpected
from tools.claim import Claim, Work, note, postpone, standing, versions, write
from tools.contract import Effect, Refused, Tool, Unavailable
from tools.deps import ACTOR, Deps
from tools.outcomes import Drift, failure, success, success_unread, unknown
from tools.proof import can_look, look_at, settles_at
from tools.protocol import Next, Step, after_absent, following

log = structlog.get_logger()
#: What a look came to when it found nothing and the call may be made again at once.
AGAIN = "again"


def answered(deps: Deps, claim: Claim, result: Any, *, looked: bool = False) -> str:
    """The counterpart said it is done, or a look found that it was."""
    tool, preview = claim.tool, claim.action.preview
    try:
        outcome = success(tool, claim.args, result, preview)
    except Drift as drift:
        log.warning("result_drifted", tool=tool.name, action_id=claim.action.id, why=str(drift))
        if tool.effect is Effect.READ:
            return _fail(deps, claim, "unexpected_answer", "The answer was not understood.")
        outcome = success_unread(tool, preview)
    now = deps.clock.now()
    with deps.db.transaction() as session:
        if looked:
            note(session, deps, claim.action, "verified", "Looked: it had happened", now=now)
        reason = outcome["summary"]
        _end(deps, session, claim, "succeeded", reason=reason, outcome=outcome, now=now)
    return "succeeded"


def refused(deps: Deps, claim: Claim, refusal: Refused) -> str:
    """The counterpart said no. After an attempt it may have acted on, that proves nothing."""
    if not claim.action.tainted:
        return _fail(deps, claim, refusal.code, refusal.sentence)
    now = deps.clock.now()
    with deps.db.transaction() as session:
        kept = failure(refusal.code, refusal.sentence)
        write(session, claim.action, outcome=kept, lease_until=None)
        at = standing(session, claim.action, now=now)
        following_step = following(claim.tool, deps.limits, at, now=now, chance=deps.chance())
        return proceed(deps, session, claim, following_step, refusal.sentence, now=now)


def unclear(deps: Deps, claim: Claim, error: Unavailable) -> str:
    """No answer, or none that says what happened."""
    tool, action, now = claim.tool, claim.action, deps.clock.now()
    if tool.effect is Effect.READ and isinstance(error, Unexpected):
        return _fail(deps, claim, "unexpected", error.sentence)
    changes: dict[str, Any] = {"lease_until": None}
    if error.reached and claim.step is Step.CALL and tool.effect is not Effect.READ:
        changes["tainted"] = True
        changes["sent_by"] = _last_send(deps, error, now)
    with deps.db.transaction() as session:
        write(session, action, **changes)
        at = standing(session, action, now=now)
        step = following(tool, deps.limits, at, now=now, chance=deps.chance())
        step = _asked_to_wait(deps, tool, step, error, now)
        return proceed(deps, session, claim, step, error.sentence, now=now)


def _asked_to_wait(deps: Deps, tool: Tool, step: Next, error: Unavailable, now: datetime) -> Next:
    """The same step, not before the counterpart asked for it. Nobody waits that long for a read."""
    asked = deps.limits.retry_after(error.retry_after_s)
    if asked is None or step.step not in (Step.CALL, Step.LOOK):
        return step
    if tool.effect is Effect.READ and asked.total_seconds() > deps.limits.backoff_longest_s:
        return Next(Step.FAILED, now)
    return replace(step, due=max(step.due, now + asked))


def absent(deps: Deps, claim: Claim) -> str:
    """A look found nothing. `AGAIN` when that is proof and the call may be made once more."""
    now = deps.clock.now()
    with deps.db.transaction() as session:
        at = standing(session, claim.action, now=now)
        step = after_absent(claim.tool, deps.limits, at, now=now)
        note(session, deps, claim.action, "verified", "Looked: it had not happened", now=now)
        if step.step is Step.CALL:
            return AGAIN
        write(session, claim.action, lease_until=None)
        message = "No answer came, and nothing was changed."
        return proceed(deps, session, claim, step, message, now=now)


def proceed(
    deps: Deps,
    session: Session,
    held: Claim | Work,
    step: Next,
    message: str,
    *,
    now: datetime,
) -> str:
    """Put the action where the protocol wants it: waiting for its next step, failed, or unknown."""
    if step.step is Step.FAILED:
        outcome = held.action.outcome or failure("unavailable", message)
        reason = f"Not done: {outcome['message']}"
        _end(deps, session, held, "failed", reason=reason, outcome=outcome, now=now)
        return "failed"
    if step.step is Step.UNKNOWN:
        return _unknown(deps, session, held, message, now=now)
    write(session, held.action, next_at=step.due, lease_until=None)
    postpone(session, held.queued, step.due)
    then = "looking whether it happened" if step.step is Step.LOOK else "trying again"
    note(session, deps, held.action, "attempt", f"{message} Next: {then}", now=now)
    return "held"


def _unknown(
    deps: Deps, session: Session, held: Claim | Work, message: str, *, now: datetime
) -> str:
    """Nobody here can tell: a person is asked, once."""
    reason = f"It is not known whether this happened: {message}"
    told = f"It is not known whether this happened. {message} A person is asked."
    until = settles_at(deps, held.tool, held.action, now)
    outcome = unknown(told, can_look=can_look(held.tool), no_before=until)
    moved = _end(deps, session, held, "unknown", reason=reason, outcome=outcome, now=now)
    ask_about(session, moved, now=now)
    if until is not None:
        look_at(session, moved, until, now=now)
    return "unknown"


def _fail(deps: Deps, claim: Claim, code: str, message: str) -> str:
    outcome, now = failure(code, message), deps.clock.now()
    with deps.db.transaction() as session:
        reason = f"Not done: {message}"
        _end(deps, session, claim, "failed", reason=reason, outcome=outcome, now=now)
    return "failed"


def _end(
    deps: Deps,
    session: Session,
    held: Claim | Work,
    to: str,
    *,
    reason: str,
    outcome: dict[str, Any],
    now: datetime,
) -> Action:
    """The outcome, whom it wakes, and the end of its queue rows: one transaction."""
    moved = move(
        session,
        deps.log,
        held.action,
        to,
        now=now,
        actor=ACTOR,
        reason=reason,
        body={"outcome": outcome},
        versions=versions(held.action),
        token=held.action.token,
        outcome=outcome,
        lease_until=None,
        next_at=None,
    )
    finish(session, held.queued, now=now)
    return moved


def _last_send(deps: Deps, error: Unavailable, now: datetime) -> datetime:
    # A call that overran still runs in its thread; its own client's time-out ends it soon.
    slack = deps.limits.lease_slack_s if isinstance(error, Overrun) else 0.0
    return now + timedelta(seconds=slack)
