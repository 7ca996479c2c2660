"""Every step of every action that is about money, in the log's order: to be held against books."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from approvals.tables import Action
from audit.tables import Event
from tools.calling import key_of

#: Rows held at once: a year may have millions.
_AT_ONCE = 1_000


@dataclass(frozen=True)
class MoneyEvent:
    """One event of an action with an amount. `key` is what the other system was called with."""

    event_id: str
    at: datetime
    type: str
    actor: str
    action_id: str
    tool: str
    #: Integer minor units and ISO 4217 code, as previewed.
    minor: int
    currency: str
    key: str
    #: Who asked, and which action this one takes back.
    principal_id: str
    undoes: str | None
    #: What the other system called it; None before it succeeded.
    source: str | None


def money_events(session: Session, *, workspace_id: str, since: datetime) -> Iterator[MoneyEvent]:
    """All since then, oldest first."""
    query = (
        select(Event, Action)
        .join(Action, col(Action.id) == col(Event.action_id))
        .where(
            Event.workspace_id == workspace_id,
            Event.at >= since,
            col(Event.type).like("approvals:action:%"),
        )
        .order_by(col(Event.at), col(Event.id))
    )
    for event, action in session.exec(query.execution_options(yield_per=_AT_ONCE)):
        amount: dict[str, Any] | None = (action.preview or {}).get("amount")
        if amount:
            result = (action.outcome or {}).get("result") or {}
            done = event.type == "approvals:action:succeeded"
            yield MoneyEvent(
                event_id=event.id,
                at=event.at,
                type=event.type,
                actor=event.actor,
                action_id=action.id,
                tool=f"{action.tool}@{action.tool_version}",
                minor=int(amount["minor"]),
                currency=str(amount["currency"]),
                key=key_of(action.id),
                principal_id=action.principal_id,
                undoes=action.undoes,
                source=str(result["source"]) if done and "source" in result else None,
            )
