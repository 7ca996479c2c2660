"""Claims: the right of one worker, for a bounded time, to make one call or one look-up.

A claim is `token` and `lease_until` on the action's row. The token only grows, and every write
made under a claim checks it, so a worker that was paused past its lease cannot write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from approvals.people import Principal
from approvals.tables import Action, Grant
from core.errors import LeaseLost
from core.outbox import Outbox
from tools.contract import Arguments, Call, Retry, Tool
from tools.deps import ACTOR, Deps
from tools.protocol import Standing, Step
from tools.tables import Breaker


@dataclass(frozen=True)
class Claim:
    """What a worker holds while it calls or looks."""

    action: Action
    tool: Tool
    args: Arguments
    call: Call
    step: Step
    #: Queue rows that asked for this, closed when it is settled.
    queued: tuple[str, ...]
    seen: Breaker | None = None


@dataclass(frozen=True)
class Proposal:
    """An action with what is needed to look into it."""

    action: Action
    tool: Tool
    principal: Principal
    #: Queue rows that asked for this, closed when it is settled.
    queued: tuple[str, ...]
    #: The connector's breaker as this job found it; None where nothing was ever wrong.
    seen: Breaker | None


@dataclass(frozen=True)
class Work(Proposal):
    """One that is permitted, with everything a claim of it needs."""

    args: Arguments


def lease_until(deps: Deps, tool: Tool, now: datetime) -> datetime:
    """The tool's own deadline and some slack."""
    return now + timedelta(
        seconds=deps.limits.deadline_s(tool.timeout_s) + deps.limits.lease_slack_s
    )


def send_deadline(deps: Deps, tool: Tool, now: datetime) -> datetime:
    """The last moment a call that begins now may still be sending."""
    return now + timedelta(seconds=deps.limits.deadline_s(tool.timeout_s))


def sending_time(deps: Deps, claim: Claim) -> float | None:
    """Seconds left for this claim's call; None when it must not be sent any more.

    Time counts from the claim, not from when the worker gets to its call: one that was paused in
    between would otherwise send when another has taken over. With less than half of it left the
    call would only be cut off in the middle.
    """
    until = claim.action.sent_by
    if until is None:
        return None
    left = min((until - deps.clock.now()).total_seconds(), claim.call.timeout_s)
    return left if left > claim.call.timeout_s / 2 else None


def reclaim(
    session: Session, deps: Deps, work: Work, step: Step, *, tainted: bool, now: datetime
) -> Action:
    """Take the action for its next call or look. Raises `LeaseLost` when someone was faster."""
    action, tool = work.action, work.tool
    changes: dict[str, Any] = {
        "token": action.token + 1,
        "attempt": action.attempt + 1,
        "lease_until": lease_until(deps, tool, now),
        "next_at": None,
        "tainted": tainted,
    }
    if step is Step.CALL:
        changes["sent_by"] = send_deadline(deps, tool, now)
    write(session, action, **changes)
    note(session, deps, action, "attempt", _again(tool, step, action.attempt), now=now)
    return action


def write(session: Session, action: Action, **changes: Any) -> None:
    """Change an executing action under its token, and `action` with it. Raises `LeaseLost`."""
    changed = session.execute(
        update(Action)
        .where(
            col(Action.id) == action.id,
            col(Action.status) == "executing",
            col(Action.token) == action.token,
        )
        .values(**changes)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise LeaseLost(f"{action.id} was taken over")
    for name, value in changes.items():
        setattr(action, name, value)


def note(
    session: Session,
    deps: Deps,
    action: Action,
    what: str,
    reason: str,
    *,
    now: datetime,
    body: dict[str, Any] | None = None,
) -> None:
    """One `tools:effect:…` event of this action."""
    deps.log.record(
        session,
        workspace_id=action.workspace_id,
        type=f"tools:effect:{what}",
        subject=action.id,
        actor=ACTOR,
        at=now,
        reason=reason,
        turn_id=action.turn_id,
        action_id=action.id,
        versions=versions(action),
        body=body,
        about=action.principal_id,
    )


def versions(action: Action) -> dict[str, Any]:
    """Tool, its version, and the digests of the files its verdict rests on."""
    digests = (action.verdict or {}).get("digests", {})
    return {"tool": f"{action.tool}@{action.tool_version}", **digests}


def standing(session: Session, action: Action, *, now: datetime) -> Standing:
    """What the row says of the attempts so far."""
    consumed = session.exec(select(Grant.consumed_at).where(Grant.action_id == action.id)).first()
    return Standing(
        attempt=action.attempt,
        tainted=action.tainted,
        refused=action.outcome is not None,
        first_sent=consumed or action.created_at,
        sent_by=action.sent_by or now,
    )


def postpone(session: Session, queued: Sequence[str], until: datetime) -> None:
    """Have these queue rows published again at that time, not earlier."""
    if queued:
        session.execute(
            update(Outbox)
            .where(col(Outbox.id).in_(queued), col(Outbox.done_at).is_(None))
            .values(next_at=until)
        )


def _again(tool: Tool, step: Step, attempt: int) -> str:
    if step is Step.LOOK:
        return "Looking whether it happened"
    same = " under the same key" if tool.retry is Retry.IDEMPOTENT else ""
    return f"Trying again{same} (attempt {attempt})"
