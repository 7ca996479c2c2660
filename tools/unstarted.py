"""Permitted actions that do not begin after all: put off, asked anew, or ended.

Nothing was sent. Each answers with what became of the action: its status, or `held`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from approvals import grants
from approvals.actions import supersede
from approvals.moves import move, row_of
from core.errors import ApprovalError
from core.notices import say
from core.outbox import finish
from tools.claim import Work, postpone
from tools.contract import Effect, Unavailable
from tools.deps import ACTOR, Deps
from tools.outcomes import failure

#: The number of its notice: an action that waits for a silent system has another.
_LATE = 1


def put_off(deps: Deps, work: Work, until: datetime) -> str:
    """Held until then, as it stands."""
    with deps.db.transaction() as session:
        postpone(session, work.queued, until)
    return "held"


def counterpart_down(deps: Deps, work: Work, error: Unavailable) -> str:
    """Not begun, and the facts cannot be read: tried again for a while, then let go."""
    action, tries = work.action, work.action.attempt + 1
    if tries >= deps.limits.max_starts:
        return end(deps, work, "cancelled", f"{error.sentence} Nothing was done.")
    asked = deps.limits.retry_after(error.retry_after_s)
    wait = deps.limits.backoff(tries, deps.chance())
    until = deps.clock.now() + max(wait, asked or timedelta())
    with deps.db.transaction() as session:
        row = row_of(session, action.id)
        if row.status != action.status:
            return row.status
        row.attempt = tries
        session.add(row)
        postpone(session, work.queued, until)
    return "held"


def ask_anew(deps: Deps, work: Work, reason: str) -> str:
    """`asked_anew` in a transaction of its own."""
    with deps.db.transaction() as session:
        return asked_anew(deps, session, work, reason)


def asked_anew(deps: Deps, session: Session, work: Work, reason: str) -> str:
    """A new action takes its place, which is looked at and judged from the beginning."""
    supersede(
        session,
        deps.log,
        work.action,
        now=deps.clock.now(),
        actor=ACTOR,
        reason=f"Looked at afresh: {reason}",
    )
    finish(session, work.queued, now=deps.clock.now())
    return "superseded"


def too_late(deps: Deps, session: Session, work: Work, why: str) -> str:
    """What was permitted and did not begin in time ends, and whoever asked for it is told."""
    action = work.action
    title = (action.preview or {}).get("title", work.tool.can)
    hours = int(grants.GRANT_LIFE.total_seconds() // 3600)
    reason = (
        f"Not done: {why}, and it did not begin within {hours} hours of being permitted. "
        "If it is still wanted, please ask for it again."
    )
    if work.tool.effect is not Effect.READ:
        say(session, action, f"{title}. {reason}", now=deps.clock.now(), n=_LATE)
    return ended(deps, session, work, "expired", reason)


def not_permitted(deps: Deps, work: Work, error: ApprovalError) -> str:
    """Its permission does not count: used up, run out, or of something else."""
    with deps.db.transaction() as session:
        if grants.expired(session, work.action, now=deps.clock.now()):
            return too_late(deps, session, work, "it was held up")
        return ended(deps, session, work, "expired", f"Not done: {error.sentence}")


def end(deps: Deps, work: Work, to: str, reason: str) -> str:
    """`ended` in a transaction of its own."""
    with deps.db.transaction() as session:
        return ended(deps, session, work, to, reason)


def ended(deps: Deps, session: Session, work: Work, to: str, reason: str) -> str:
    """Over, with that status and the reason as its outcome."""
    now = deps.clock.now()
    move(
        session,
        deps.log,
        work.action,
        to,
        now=now,
        actor=ACTOR,
        reason=reason,
        outcome=failure(to, reason),
    )
    finish(session, work.queued, now=now)
    return to
