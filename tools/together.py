"""Steps that belong together, at work: whose turn it is, and what becomes of all when one is not
done.

The job `keep_together` runs whenever one of them has settled. It reads everything anew, so that it
may come twice, late, or after the worker before it was killed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog
from sqlmodel import Session

from approvals.actions import Proposed
from approvals.moves import move
from approvals.states import ACTION_OPEN
from approvals.tables import Action, title_of
from approvals.together import (
    PERMITTED,
    TOOL,
    belonging,
    by_itself,
    not_done,
    together_id,
    waits_for,
)
from approvals.undoing import taken_back
from core.errors import InvalidTransition
from core.faultpoints import point
from core.outbox import finish, hasten, open_rows
from core.posts import refresh_posts
from tools.contract import Effect, Tool
from tools.deps import ACTOR, Deps
from tools.offering import offer_together
from tools.outcomes import failure
from tools.registry import Registry

log = structlog.get_logger()
JOB = "keep_together"
_TWO = 2
_TAKEN_BACK = "A step that belongs together with this one was not done, so this is taken back too."


class Together:
    """Idempotent on the steps' rows; everything it leads to is one transaction."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    def run(self, action_id: str) -> str:
        """Go on with the steps this one belongs to: `whole` while none came to nothing, `dropped`
        where one is taken back before all have begun, else the status of what takes them back,
        `held` while that must wait, or `nothing` to take back."""
        deps = self._deps
        with deps.db.transaction() as session:
            now, action = deps.clock.now(), session.get(Action, action_id)
            group = together_id(action) if action is not None else None
            if action is None or group is None:
                log.warning("no_such_steps", action_id=action_id)
                return "gone"
            queued = open_rows(session, job=JOB, subject=group)
            became = self._go_on(session, belonging(session, action), now)
            finish(session, queued, now=now)
        point("together:went-on")
        return became

    def _go_on(self, session: Session, steps: Sequence[Action], now: datetime) -> str:
        because = not_done(steps)
        _draw_what_waits(session, steps, now)
        back = _taken_back(session, steps) if because is None else None
        if back is not None:
            why = f"“{title_of(back)}”, which is taken back"
            dropped = [self._dropped(session, one, why, now) for one in steps if one is not back]
            return "dropped" if all(dropped) else "held"
        if because is None:
            wake(session, next((one for one in steps if one.status in PERMITTED), None), now)
            return "whole"
        why = f"“{title_of(because)}”, which was not done"
        settled = [self._dropped(session, one, why, now) for one in steps]
        if not all(settled):
            return "held"  # it settles, and this job comes again
        row = offer_together(
            session,
            self._deps.log,
            self._deps.registry,
            steps=belonging(session, because),
            because=because,
            automatic=by_itself(because),
            now=now,
        )
        return "nothing" if row is None else row.status

    def _dropped(self, session: Session, step: Action, because: str, now: datetime) -> bool:
        """Whether nothing more will come of this step: what has not begun is dropped."""
        if step.status not in ACTION_OPEN:
            return step.status not in ("executing", "unknown")
        reason = f"Not done: it belongs together with {because}."
        try:
            move(
                session,
                self._deps.log,
                step,
                "cancelled",
                now=now,
                actor=ACTOR,
                reason=reason,
                outcome=failure("together", reason),
            )
        except InvalidTransition:
            return False  # it has just begun, or was replaced
        return True


def marked(registry: Registry, calls: Sequence[Proposed]) -> list[Proposed]:
    """These calls of one answer, its changes marked as belonging together where it says so."""
    changing = [tool for tool in (registry.tool(call.tool) for call in calls) if _changes(tool)]
    if len(changing) < _TWO or all(call.tool != TOOL for call in calls):
        return list(calls)
    mark = {"steps": len(changing), "final": sum(tool.undo is None for tool in changing if tool)}
    return [
        replace(call, together=mark) if _changes(registry.tool(call.tool)) else call
        for call in calls
    ]


def held_by(session: Session, action: Action, *, now: datetime) -> bool:
    """Whether this permitted step must let another one go first; the one whose turn it is is
    looked at at once."""
    if together_id(action) is None:
        return False
    steps = belonging(session, action)
    first = waits_for(steps, action.id)
    if first is None and _taken_back(session, steps) is not None:
        return True  # it is dropped as soon as `keep_together` comes to it
    if first is not None:
        wake(session, first, now)
    return first is not None


def wake(session: Session, step: Action | None, now: datetime) -> None:
    """Have this step looked at at once, if it is permitted and not still to be taken back."""
    if step is None or step.status not in PERMITTED:
        return
    if step.not_before is None or step.not_before <= now:
        hasten(session, job="execute", subject=step.id, now=now)


def warning_on(session: Session, action: Action) -> str | None:
    """What a model must know of a step that was done, beyond its result; None where that is all."""
    if action.status != "succeeded" or together_id(action) is None:
        return None
    return _TAKEN_BACK if not_done(belonging(session, action)) is not None else None


def _taken_back(session: Session, steps: Sequence[Action]) -> Action | None:
    done = (one for one in steps if one.status == "succeeded")
    return next((one for one in done if taken_back(session, one)), None)


def _draw_what_waits(session: Session, steps: Sequence[Action], now: datetime) -> None:
    """Where the outcome of one is not known: have its question and the cards of those that wait
    for it say so."""
    unclear = [one for one in steps if one.status == "unknown"]
    for one in unclear:
        refresh_posts(session, subject=one.id, kind="question", now=now)
    for one in steps if unclear else ():
        if one.status in PERMITTED:
            refresh_posts(session, subject=one.id, kind="card", now=now)


def _changes(tool: Tool | None) -> bool:
    return tool is not None and tool.effect is not Effect.READ
