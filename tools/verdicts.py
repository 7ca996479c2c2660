"""What follows from a verdict, in the transaction that writes it: allowed, asked or denied."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col

from approvals import grants
from approvals.moves import move, row_of
from approvals.opening import open_request
from approvals.policy.judge import Verdict
from approvals.tables import Action
from approvals.windows import ask_held, hold_until, undo_moved
from core.outbox import enqueue
from tools.alike import asked_instead, one_alike
from tools.deps import Deps
from tools.pinning import Pinned
from tools.stood import STOOD_ON, Stood, covering


def follow(deps: Deps, session: Session, action: Action, pinned: Pinned) -> str:
    """Write what was pinned and what the verdict demands; the status the action then has."""
    row = _store(session, action, pinned.columns)
    if row is None:
        return row_of(session, action.id).status
    verdict = pinned.verdict
    other = one_alike(session, row) if verdict.effect != "read" else None
    if other is not None:
        verdict = asked_instead(verdict, other)
    standing = None if other is not None else covering(session, deps, row, verdict)
    if standing is not None:
        return _allowed(deps, session, row, verdict, standing=standing)
    if verdict.kind == "ask":
        return _asked(deps, session, row, verdict)
    if verdict.kind == "deny":
        return _denied(deps, session, row, verdict)
    return _allowed(deps, session, row, verdict)


def _asked(deps: Deps, session: Session, row: Action, verdict: Verdict) -> str:
    now = deps.clock.now()
    open_request(
        session,
        deps.log,
        row,
        verdict,
        deps.people,
        now=now,
        readers=deps.readers(session, row),
    )
    asked = row_of(session, row.id)
    undo_moved(session, asked, now=now)
    return asked.status


def _allowed(
    deps: Deps, session: Session, row: Action, verdict: Verdict, *, standing: Stood | None = None
) -> str:
    now, plain_verdict = deps.clock.now(), verdict.as_json()
    held = hold_until(plain_verdict, now=now)
    moved = move(
        session,
        deps.log,
        row,
        "allowed",
        now=now,
        actor="system:policy",
        reason=f"Allowed: {standing.reason if standing else verdict.reason}",
        verdict=plain_verdict | ({STOOD_ON: standing.id} if standing else {}),
        not_before=held,
    )
    if held is not None:
        ask_held(session, moved, now=now)
    source = f"standing:{standing.id}" if standing else "policy"
    grants.mint(session, deps.log, moved, source=source, now=now)
    enqueue(
        session,
        workspace_id=row.workspace_id,
        job="execute",
        subject=row.id,
        key=f"{row.id}:allowed",
        args={"action_id": row.id},
        now=now,
        # This very job goes on to execute it; the queue is for the case that it dies before.
        not_before=held or now + deps.limits.backoff(1),
    )
    return moved.status


def _denied(deps: Deps, session: Session, row: Action, verdict: Verdict) -> str:
    return move(
        session,
        deps.log,
        row,
        "denied",
        now=deps.clock.now(),
        actor="system:policy",
        reason=f"Not allowed: {verdict.reason}",
        verdict=verdict.as_json(),
    ).status


def _store(session: Session, action: Action, columns: dict[str, Any]) -> Action | None:
    """The row with what was pinned; None when another delivery was faster."""
    changed = session.execute(
        update(Action)
        .where(col(Action.id) == action.id, col(Action.status) == "proposed")
        .values(**columns)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        return None
    return row_of(session, action.id)
