"""What became of a click, and who has said yes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from approvals.tables import Decision, Request


@dataclass(frozen=True)
class Decided:
    """What became of a click, and the sentence for the person who clicked."""

    outcome: Literal[
        "approved",
        "rejected",
        "counted",
        "already_decided",
        "expired",
        "not_allowed",
        "voted",
        "handed",
        "wrong_choice",
    ]
    sentence: str


def approved_by(session: Session, action_id: str) -> list[str]:
    """Ids of those who approved this action, in their order."""
    query = (
        select(Decision.person_id)
        .join(Request, col(Request.id) == col(Decision.request_id))
        .where(Request.action_id == action_id, Decision.vote == "approve")
        .order_by(col(Decision.at))
    )
    return list(dict.fromkeys(session.exec(query)))


def rejecting(action_id: Any) -> SelectOfScalar[Decision]:
    """The answers that rejected this action: none where it only ran out (ADR 0025). With the column
    of an action's id, those to the action of each row."""
    return (
        select(Decision)
        .join(Request, col(Request.id) == col(Decision.request_id))
        .where(col(Request.action_id) == action_id, Decision.vote == "reject")
    )


def rejected_by(session: Session, action_id: str) -> str | None:
    """Id of whoever rejected this action; None where nobody did, as where it only ran out."""
    found = session.exec(rejecting(action_id)).first()
    return found.person_id if found else None
