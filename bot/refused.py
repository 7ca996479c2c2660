"""What was refused of a request without asking anybody, for its answer: the model is not told why,
the person who asked is."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from approvals.tables import Action, Request, title_of
from audit.tables import Event


def refused_of_turn(session: Session, turn_id: str) -> Sequence[tuple[str, str]]:
    """Title and reason of each, in the order in which they were proposed."""
    asked = select(Request.action_id)
    query = (
        select(Action, Event.reason)
        .join(Event, col(Event.action_id) == col(Action.id))
        .where(
            Action.turn_id == turn_id,
            Action.status == "denied",
            Event.type == "approvals:action:denied",
            col(Action.id).not_in(asked),
        )
        .order_by(col(Action.step), col(Action.call))
    )
    return [(title_of(action), reason or "") for action, reason in session.exec(query)]
