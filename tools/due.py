"""Actions whose time has come: for the keeper, which has them executed again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, or_
from sqlmodel import Session, col, select

from approvals.tables import Action


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
