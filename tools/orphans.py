"""Actions that this installation cannot go on with: their tool or their asker is gone."""

from __future__ import annotations

from approvals.moves import move, row_of
from approvals.tables import Action
from approvals.unknowns import ask_about
from core.outbox import finish
from tools.deps import ACTOR, Deps
from tools.outcomes import failure, unknown
from tools.proof import look_at, settles_at


def end_orphan(deps: Deps, action: Action, why: str, queued: tuple[str, ...]) -> str:
    """Deny what has not begun; what has begun is unknown, because nobody can look any more.

    Returns the status it has then, or `held` while another worker holds it.
    """
    now = deps.clock.now()
    if action.lease_until is not None and action.lease_until > now:
        return "held"
    begun = action.status == "executing"
    maybe = begun and (action.tainted or action.lease_until is not None)
    to = "unknown" if maybe else "failed" if begun else "denied"
    tool = deps.registry.tool(action.tool)
    until = settles_at(deps, tool, action, now) if maybe and tool is not None else None
    outcome = unknown(f"It is not known whether this happened: {why}.", no_before=until)
    with deps.db.transaction() as session:
        moved = move(
            session,
            deps.log,
            row_of(session, action.id) if not begun else action,
            to,
            now=now,
            actor=ACTOR,
            reason=f"Not done: {why}" if not maybe else outcome["message"],
            token=action.token,
            outcome=outcome if maybe else failure(to, why),
            lease_until=None,
            next_at=None,
        )
        if maybe:
            ask_about(session, moved, now=now)
            if until is not None:
                look_at(session, moved, until, now=now)
        finish(session, queued, now=now)
    return to
