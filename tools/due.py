"""What is due on a tool worker: for the keeper, which queues it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from approvals.tables import Action
from core.outbox import enqueue, open_rows
from tools.registry import Registry


def sweep_due(session: Session, *, now: datetime, limit: int = 200) -> Sequence[Action]:
    """Executing actions whose claim ran out (their worker died) or whose next step is due.

    What is permitted and not begun has an open queue row of its own, which the sweeper publishes.
    """
    died = col(Action.lease_until) <= now
    waited = and_(col(Action.lease_until).is_(None), col(Action.next_at) <= now)
    query = (
        select(Action)
        .where(Action.status == "executing", or_(died, waited))
        .order_by(col(Action.created_at))
        .limit(limit)
    )
    return session.exec(query).all()


def queue_actions(session: Session, *, now: datetime) -> int:
    """Queue `execute` for each of those; how many they are."""
    due = sweep_due(session, now=now)
    for action in due:
        occasion = action.next_at or action.lease_until
        enqueue(
            session,
            workspace_id=action.workspace_id,
            job="execute",
            subject=action.id,
            # One occasion per claim: the token tells this expiry from the next.
            key=f"{action.id}:{action.token}:{occasion}",
            args={"action_id": action.id},
            now=now,
        )
    return len(due)


def queue_comparisons(
    session: Session, registry: Registry, workspace_id: str, *, now: datetime, every_s: float
) -> int:
    """Queue `reconcile` for every tool with a record, once in so many seconds; how many were.

    One that was not done yet is not queued again: a worker that is down finds one, not hundreds.
    """
    count = 0
    for tool in registry.tools:
        if tool.record is None or open_rows(session, job="reconcile", subject=tool.name):
            continue
        count += enqueue(
            session,
            workspace_id=workspace_id,
            job="reconcile",
            subject=tool.name,
            key=f"{tool.name}:{int(now.timestamp() // every_s)}",
            args={"tool_name": tool.name},
            now=now,
        )
    return count
