"""Late proof: an action whose outcome nobody knows is settled by what the other system shows.

The job `look` looks once more because a person asked for it; the reconciler settles what it comes
across. A look that finds nothing settles only what a look may settle at all (`settle_s` over).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog
from sqlalchemy import update
from sqlmodel import Session, col, select

from approvals.moves import move
from approvals.people import Principal
from approvals.tables import Action, Grant
from core.errors import InvalidTransition
from core.outbox import enqueue, finish, open_rows
from core.posts import refresh_posts
from tools import breakers
from tools.calling import call_for, key_of
from tools.claim import note, versions
from tools.content import validated
from tools.contract import Call, Caller, Recorded, Refused, Tool, Unavailable
from tools.deps import ACTOR, Deps
from tools.holding import told, waits_until
from tools.outcomes import Drift, failure, success, success_recorded, success_unread
from tools.reach import reach
from tools.tables import Breaker

log = structlog.get_logger()
T = TypeVar("T")
JOB = "look"
#: Digits of a key that a record must bear.
KEY_DIGITS = 32
#: Clocks differ, ours and theirs.
_SKEW = timedelta(minutes=5)


def can_look(tool: Tool) -> bool:
    """Whether there is anywhere to look."""
    return tool.verify is not None or (tool.record is not None and tool.record.read is not None)


def settles_at(deps: Deps, tool: Tool, action: Action, now: datetime) -> datetime | None:
    """Until when the other side may still be at work on what was sent, as the tool declares; None
    where that is over, or not known."""
    if tool.settle_s is None:
        return None
    longest = timedelta(seconds=tool.settle_s * deps.limits.settle_factor)
    until = (action.sent_by or now) + longest
    return until if until > now else None


def look_at(session: Session, action: Action, until: datetime, *, now: datetime) -> None:
    """Look once more by ourselves when that time is over, and draw the question anew."""
    enqueue(
        session,
        workspace_id=action.workspace_id,
        job=JOB,
        subject=action.id,
        key=f"{action.id}:settled",
        args={"action_id": action.id},
        now=now,
        not_before=until,
    )


def same_key(recorded: Recorded, action_id: str) -> bool:
    key = (recorded.key or "").lower()
    return len(key) >= KEY_DIGITS and key_of(action_id).startswith(key[:KEY_DIGITS])


def ask_record(
    deps: Deps,
    tool: Tool,
    question: Callable[[float], Sequence[T]],
    *,
    workspace_id: str,
    seen: Breaker | None,
) -> Sequence[T]:
    """What this question, which is given its seconds, brings from the other system's record.
    Raises `Refused` or `Unavailable`."""
    call = Call(
        action_id="",
        key="",
        caller=Caller("system", "Signoff", None),
        now=deps.clock.now(),
        timeout_s=deps.limits.deadline_s(tool.timeout_s),
    )
    return reach(
        deps,
        tool,
        lambda _args, asked: question(asked.timeout_s),
        tool.args.model_construct(),
        call,
        workspace_id=workspace_id,
        seen=seen,
    )


def settle_recorded(
    session: Session, deps: Deps, action: Action, tool: Tool, found: Recorded, *, now: datetime
) -> None:
    """It did happen. Raises `InvalidTransition` when it was settled meanwhile."""
    outcome = success_recorded(tool, action.preview, found.reference)
    reason = f"The other system's own record shows it: {found.reference}"
    _settle(session, deps, action, "succeeded", outcome, reason, now=now)


class Look:
    """The job `look`: idempotent on the action's row, safe to run by several at once."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    def run(self, action_id: str) -> str:
        """Look whether it happened. The action's status then, or `gone`."""
        with self._deps.db.read() as session:
            action = session.get(Action, action_id)
            queued = open_rows(session, job=JOB, subject=action_id)
            seen = _breaker(session, action)
        if action is None:
            return "gone"
        tool = self._deps.registry.tool(action.tool)
        looks = action.status == "unknown" and tool is not None and can_look(tool)
        with self._deps.lanes.enter(action.tool) as free:
            if not free:
                return action.status  # its row stays open: it is published again
            said = self._looked(action, seen) if looks else None
        now = self._deps.clock.now()
        with self._deps.db.transaction() as session:
            finish(session, queued, now=now)
            if said is not None:
                _remember(session, self._deps, action, said, now=now)
            else:
                refresh_posts(session, subject=action.id, kind="question", now=now)
        with self._deps.db.read() as session:
            return session.get_one(Action, action_id).status

    def _looked(self, action: Action, seen: Breaker | None) -> str | None:
        """What to tell the person; None when it is settled by now."""
        tool = self._deps.registry.tool(action.tool)
        person = self._deps.people.by_id(action.principal_id)
        if tool is None or person is None or not can_look(tool):
            return "There is nowhere I could look."
        until = waits_until(self._deps, seen, tool)
        if until is not None:
            return told(person, seen, until)
        try:
            if tool.verify is not None:
                return self._verified(action, tool, person, seen)
            return self._recorded(action, tool, seen)
        except (Refused, Unavailable) as error:
            return error.sentence
        except InvalidTransition:
            return None  # somebody settled it while we looked

    def _verified(
        self, action: Action, tool: Tool, person: Principal, seen: Breaker | None
    ) -> str | None:
        deps, args = self._deps, validated(tool, action.args)
        call = call_for(action, tool, person, limits=deps.limits, now=deps.clock.now())
        if tool.verify is None:
            return None
        result = reach(
            deps, tool, tool.verify, args, call, workspace_id=action.workspace_id, seen=seen
        )
        now = deps.clock.now()
        if result is None and not _absence_counts(deps, tool, action, now):
            return "I do not find it, which proves nothing yet."
        with deps.db.transaction() as session:
            if result is None:
                sentence = "Looked again: it had not happened"
                _settle(
                    session, deps, action, "failed", failure("not_done", sentence), sentence,
                    now=now,
                )  # fmt: skip
            else:
                outcome = _outcome(tool, args, result, action)
                _settle(
                    session, deps, action, "succeeded", outcome, "Looked again: it had happened",
                    now=now,
                )  # fmt: skip
        return None

    def _recorded(self, action: Action, tool: Tool, seen: Breaker | None) -> str | None:
        read = None if tool.record is None else tool.record.read
        if read is None:
            return "There is nowhere I could look."
        with self._deps.db.read() as session:
            query = select(Grant.consumed_at).where(Grant.action_id == action.id)
            began = session.exec(query).first() or action.created_at
        since = began - _SKEW
        found = ask_record(
            self._deps,
            tool,
            lambda within: read(since, within),
            workspace_id=action.workspace_id,
            seen=seen,
        )
        own = next((one for one in found if same_key(one, action.id)), None)
        if own is None:
            return "The other system's own record does not show it."
        with self._deps.db.transaction() as session:
            settle_recorded(session, self._deps, action, tool, own, now=self._deps.clock.now())
        return None


def _breaker(session: Session, action: Action | None) -> Breaker | None:
    if action is None:
        return None
    return breakers.look(session, workspace_id=action.workspace_id, tool_name=action.tool)


def _absence_counts(deps: Deps, tool: Tool, action: Action, now: datetime) -> bool:
    if tool.settle_s is None or action.sent_by is None:
        return False
    settled = timedelta(seconds=tool.settle_s * deps.limits.settle_factor)
    return now >= action.sent_by + settled


def _outcome(tool: Tool, args: Any, result: Any, action: Action) -> dict[str, Any]:
    try:
        return success(tool, args, result, action.preview)
    except Drift as drift:
        log.warning("result_drifted", tool=tool.name, action_id=action.id, why=str(drift))
        return success_unread(tool, action.preview)


def _settle(  # noqa: PLR0917 - a private call
    session: Session,
    deps: Deps,
    action: Action,
    to: str,
    outcome: dict[str, Any],
    reason: str,
    *,
    now: datetime,
) -> None:
    move(
        session,
        deps.log,
        action,
        to,
        now=now,
        actor=ACTOR,
        reason=reason,
        body={"outcome": outcome},
        versions=versions(action),
        token=action.token,
        outcome=outcome,
    )


def _remember(session: Session, deps: Deps, action: Action, said: str, *, now: datetime) -> None:
    """The question shows what the look came to."""
    looked = {"looked": said, "looked_at": now.isoformat()}
    changed = session.execute(
        update(Action)
        .where(
            col(Action.id) == action.id,
            col(Action.status) == "unknown",
            col(Action.token) == action.token,
        )
        .values(outcome={**(action.outcome or {}), **looked})
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount == 1:  # type: ignore[attr-defined]
        note(session, deps, action, "looked", f"Looked again: {said}", now=now)
        refresh_posts(session, subject=action.id, kind="question", now=now)
