"""Proposals that do not get as far as a verdict: refused, impossible, or put off.

Each answers with the status the action then has; a faster delivery's status is left as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import update
from sqlmodel import col

from approvals.moves import move, row_of
from approvals.tables import Action
from core.outbox import finish
from tools import holding
from tools.calling import Unexpected
from tools.claim import Proposal, postpone
from tools.contract import Effect, Refused, Unavailable
from tools.deps import ACTOR, Deps
from tools.outcomes import failure

log = structlog.get_logger()


def deny(deps: Deps, action: Action, reason: str, queued: Sequence[str]) -> str:
    """Refuse it before it was looked into. The answer of its request says why."""
    with deps.db.transaction() as session:
        finish(session, queued, now=deps.clock.now())
        row = row_of(session, action.id)
        if row.status != "proposed":
            return row.status
        now = deps.clock.now()
        return move(session, deps.log, row, "denied", now=now, actor=ACTOR, reason=reason).status


def fail(deps: Deps, action: Action, refusal: Refused | Unavailable, queued: Sequence[str]) -> str:
    """It cannot be done, and the model is told why in this sentence."""
    code = refusal.code if isinstance(refusal, Refused) else "unavailable"
    with deps.db.transaction() as session:
        finish(session, queued, now=deps.clock.now())
        row = row_of(session, action.id)
        if row.status != "proposed":
            return row.status
        return move(
            session,
            deps.log,
            row,
            "failed",
            now=deps.clock.now(),
            actor=ACTOR,
            reason=f"Not done: {refusal.sentence}",
            outcome=failure(code, refusal.sentence),
        ).status


def hold(deps: Deps, proposal: Proposal, until: datetime) -> str:
    """Its connector is left alone, or called often enough: nothing is called. A read is told so at
    once, because somebody waits for it; anything else waits for a while."""
    action, seen = proposal.action, proposal.seen
    opened = seen is not None and seen.opened_at is not None
    longest = timedelta(seconds=deps.limits.hold_proposals_s)
    too_long = until > action.created_at + longest
    if too_long or (opened and proposal.tool.effect is Effect.READ):
        told = Unavailable(holding.told(proposal.principal, seen, until), reached=False)
        return fail(deps, action, told, proposal.queued)
    if opened:
        holding.put_off(deps, proposal, until)
    else:
        with deps.db.transaction() as session:
            postpone(session, proposal.queued, until)
    log.info("proposal_held", action_id=action.id, until=until.isoformat())
    return "proposed"


def put_off(deps: Deps, proposal: Proposal, error: Unavailable) -> str:
    """The counterpart does not answer: looked at again after a while, so many times."""
    action = proposal.action
    tries = action.attempt + 1
    if isinstance(error, Unexpected) or tries >= deps.limits.max_previews:
        return fail(deps, action, error, proposal.queued)
    asked = deps.limits.retry_after(error.retry_after_s)
    wait = deps.limits.backoff(tries, deps.chance())
    due = deps.clock.now() + max(wait, asked or timedelta())
    with deps.db.transaction() as session:
        session.execute(
            update(Action)
            .where(col(Action.id) == action.id, col(Action.status) == "proposed")
            .values(attempt=tries)
        )
        postpone(session, proposal.queued, due)
    log.info("preview_put_off", action_id=action.id, tries=tries)
    return "proposed"
