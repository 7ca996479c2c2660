"""What a turn had done when it was stopped, in words."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from approvals.tables import Action, title_of

_MOST = 10


def done_words(session: Session, turn_id: str) -> str:
    """`Done until then: Find an order. Begun already, and ending by itself: Refund EUR 180.00 to
    Mara Lind. Nothing further happens.`"""
    query = select(Action).where(Action.turn_id == turn_id)
    actions = session.exec(query.order_by(col(Action.step), col(Action.call))).all()
    done = [action for action in actions if action.status == "succeeded"]
    begun = [action for action in actions if action.status == "executing"]
    said = [f"Done until then: {_titles(done)}."] if done else []
    said += [f"Begun already, and ending by itself: {_titles(begun)}."] if begun else []
    return " ".join([*said, "Nothing further happens."])


def _titles(actions: Sequence[Action]) -> str:
    titles = list(dict.fromkeys(title_of(action) for action in actions))
    more = f" and {len(titles) - _MOST} more" if len(titles) > _MOST else ""
    return "; ".join(titles[:_MOST]) + more
