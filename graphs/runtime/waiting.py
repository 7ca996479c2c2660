"""What waits for a person, in words."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from approvals.policy.judge import approver_words
from approvals.states import ACTION_TERMINAL
from approvals.tables import Action, title_of
from graphs.runtime.tables import Turn

_ASKED = frozenset({"awaiting", "unknown"})
#: Built once: every turn begins with it.
_WAITING = (
    select(Action)
    .join(Turn, Turn.id == Action.turn_id)  # type: ignore[arg-type]
    .where(
        Turn.conversation_id == bindparam("conversation_id"),
        Turn.id != bindparam("except_turn"),
        col(Action.status).in_(_ASKED),
    )
    .order_by(col(Action.created_at), col(Action.id))
)
_AT_WORK = frozenset({"proposed", "allowed", "approved", "executing"})


def waiting_lines(
    session: Session, *, conversation_id: str, except_turn: str | None = None
) -> list[str]:
    """`Refund EUR 180.00 to Mara Lind asks Finance`, one per open question of the conversation."""
    place = {"conversation_id": conversation_id, "except_turn": except_turn or ""}
    return [waiting_line(action) for action in session.exec(_WAITING, params=place)]


def tools_busy(session: Session, turn_id: str) -> bool:
    """Whether a tool is at work for this turn, and nobody is asked anything."""
    query = select(Action.status).where(Action.turn_id == turn_id)
    statuses = set(session.exec(query))
    return bool(statuses & _AT_WORK) and not statuses & _ASKED


def has_open_actions(session: Session, turn_id: str) -> bool:
    """Whether something of this turn is not settled yet."""
    query = select(Action.id).where(
        Action.turn_id == turn_id, col(Action.status).not_in(ACTION_TERMINAL)
    )
    return session.exec(query.limit(1)).first() is not None


def waiting_line(action: Action) -> str:
    if action.status == "unknown":
        return f"{title_of(action)}: it is not known whether this happened; a person is asked"
    return f"{title_of(action)} asks {asks_whom(action)}"


def asks_whom(action: Action) -> str:
    stages: Sequence[dict[str, object]] = (action.verdict or {}).get("stages") or ()
    return " and then ".join(_who(str(stage["who"])) for stage in stages) or "a person"


def _who(who: str) -> str:
    return "the asker to confirm it" if who == "requester" else approver_words(who)
