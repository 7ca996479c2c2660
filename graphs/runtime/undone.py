"""What a new try is told: what earlier tries of the same message did and somebody undid since.

Told in our own words, so that the model does not propose it again unaware. No value of it is
evidence of anything: what the model takes from here has the origin it would have without.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlmodel import Session, col, select

from approvals.people import People
from approvals.tables import Action, Compensation
from approvals.undoing import unasked, wanted_by
from approvals.windows import undo_of
from core.ids import derive_id
from graphs.runtime.tables import Turn
from llm.prompts import Undone


def undone_before(session: Session, people: People, turn: Turn, origin: Turn) -> list[Undone]:
    """What had been undone when this turn was made of `origin`, and `origin` was not told of; in
    the order in which it was done. The same rows give the same."""
    gone_back = _gone_back(session, turn, origin)
    return [
        Undone(action.tool, dict(action.args), _who(people, undo))
        for action, undo in _undone(session, turn)
        if action.id in gone_back
        or (undo.settled_at and origin.created_at < undo.settled_at <= turn.created_at)
    ]


def _undone(session: Session, turn: Turn) -> Iterator[tuple[Action, Action]]:
    """Of every try of the same message before this one."""
    tries = select(Turn.id).where(
        Turn.conversation_id == turn.conversation_id,
        Turn.message_ts == turn.message_ts,
        Turn.id != turn.id,
    )
    done = select(Action).where(
        col(Action.turn_id).in_(tries),
        Action.status == "succeeded",
        col(Action.undone_by).is_(None),
    )
    order = (col(Action.created_at), col(Action.step), col(Action.call))
    for action in session.exec(done.order_by(*order)):
        undo = undo_of(session, action.id)
        if undo is not None and undo.status == "succeeded":
            yield action, undo


def _gone_back(session: Session, turn: Turn, origin: Turn) -> frozenset[str]:
    """What was undone for this very turn to begin, whatever the clocks of two machines say."""
    query = select(Compensation).where(
        Compensation.turn_id == origin.id, col(Compensation.back_to).is_not(None)
    )
    rows = [row for row in session.exec(query) if derive_id("turn", row.id) == turn.id]
    return frozenset(step for row in rows for step in row.steps)


def _who(people: People, undo: Action) -> str:
    if unasked(undo):
        return "Signoff, because another step was not done"
    person = people.by_id(wanted_by(undo))
    return person.first_name if person else "somebody"
