"""What is not yet compared with the other systems' records: how much, and how old the oldest is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from approvals.people import People
from approvals.tables import Action
from core.ids import derive_id
from tools.breakers import connector_of
from tools.findings import tell_operators
from tools.registry import Registry
from tools.tables import Compared

#: What may have had its effect and is not under way any more.
_TO_COMPARE = ("succeeded", "failed", "unknown")


@dataclass(frozen=True)
class Backlog:
    """One tool's: how many of its sent actions are not compared yet, when the oldest of them was
    settled (sent, where nobody knows), and since when comparing fails and why."""

    tool: str
    waiting: int
    oldest: datetime | None
    failing_since: datetime | None
    why: str


def backlog(session: Session, registry: Registry, *, workspace_id: str) -> Sequence[Backlog]:
    """Of every tool whose effects are compared."""
    names = [tool.name for tool in registry.tools if tool.record is not None]
    rows = {
        row.tool: row
        for row in session.exec(select(Compared).where(Compared.workspace_id == workspace_id))
    }
    return [_backlog(session, name, rows.get(name), workspace_id) for name in names]


def tell_failing(session: Session, people: People, row: Compared, *, now: datetime) -> None:
    """Tell the operators that comparing fails, once for each time it does."""
    if row.failing_since is None:
        return
    subject = derive_id("behind", row.workspace_id, row.tool, row.failing_since.isoformat())
    text = (
        f"What {row.tool} did could not be compared with {connector_of(row.tool)}'s own record "
        f"since {row.failing_since:%Y-%m-%d %H:%M} UTC: {row.why} I go on trying."
    )
    tell_operators(session, people, subject=subject, text=text, now=now)


def tell_old(
    session: Session, registry: Registry, people: People, *, older_than: timedelta, now: datetime
) -> int:
    """Tell the operators of a backlog that is too old though nothing fails: nobody compares, or not
    fast enough. Once a day for each tool; how many there are."""
    late = [
        each
        for each in backlog(session, registry, workspace_id=people.workspace_id)
        if each.failing_since is None and each.oldest is not None and now - each.oldest > older_than
    ]
    for each in late:
        text = (
            f"{each.waiting} effects of {each.tool} are not compared with "
            f"{connector_of(each.tool)}'s own record yet, the oldest since "
            f"{each.oldest:%Y-%m-%d %H:%M} UTC. Look whether worker-tools runs and keeps up."
        )
        day = now.date().isoformat()
        subject = derive_id("backlog", people.workspace_id, each.tool, day)
        tell_operators(session, people, subject=subject, text=text, now=now)
    return len(late)


def _backlog(session: Session, name: str, row: Compared | None, workspace_id: str) -> Backlog:
    settled = func.coalesce(col(Action.settled_at), col(Action.sent_by))
    query = select(func.count(col(Action.id)), func.min(settled)).where(
        Action.workspace_id == workspace_id,
        Action.tool == name,
        col(Action.status).in_(_TO_COMPARE),
        col(Action.sent_by).is_not(None),
    )
    if row is not None:
        query = query.where(settled > row.until)
    waiting, oldest = session.exec(query).one()
    failing_since, why = (None, "") if row is None else (row.failing_since, row.why)
    return Backlog(name, waiting, oldest, failing_since, why)
