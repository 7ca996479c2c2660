"""What the reconciler found: kept once, told the operators once, settled by proof or a person."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from approvals.people import People
from approvals.tables import Action, title_of
from audit.log import Log
from core.db import insert_once
from core.errors import ToolError
from core.ids import derive_id
from core.notices import tell
from tools.breakers import connector_of
from tools.contract import Recorded, Tool
from tools.deps import ACTOR, Deps
from tools.tables import Finding

#: How many missing effects one comparison looks for again.
_LOOKED_FOR_AGAIN = 10


class NoSuchFinding(ToolError):
    """There is no such open finding. `signoff findings list` shows those there are."""


@dataclass(frozen=True)
class Found:
    """One disagreement: kind (`tools.tables.Finding`), and what it is about."""

    kind: str
    tool: Tool
    action: Action | None = None
    shown: Recorded | None = None
    times: int = 1


def keep(
    session: Session, deps: Deps, found: Iterable[Found], *, workspace_id: str, now: datetime
) -> None:
    """Keep what is new of this, each with one event and one message to every operator."""
    for one in found:
        action_id = one.action.id if one.action else None
        reference = one.shown.reference if one.shown else ""
        about = action_id if one.kind in ("twice", "missing") else reference
        row = Finding(
            id=derive_id("find", workspace_id, one.tool.name, one.kind, about or ""),
            workspace_id=workspace_id,
            tool=one.tool.name,
            kind=one.kind,
            action_id=action_id,
            reference=reference,
            told=_sentence(one),
            found_at=now,
        )
        if insert_once(session, row):
            _record(session, deps.log, row, "found", ACTOR, row.told, now=now)
            end = f"When it is cleared up: signoff findings settle {row.id} --reason …"
            tell_operators(session, deps.people, subject=row.id, text=f"{row.told} {end}", now=now)


def shown_after_all(
    session: Session,
    deps: Deps,
    tool: Tool,
    action_ids: Collection[str],
    *,
    workspace_id: str,
    now: datetime,
) -> None:
    """Settle what was missing and is there now."""
    for row in open_findings(session, workspace_id=workspace_id):
        if row.kind == "missing" and row.tool == tool.name and row.action_id in action_ids:
            reason = "The other system's record shows it by now"
            settle(
                session,
                deps.log,
                row.id,
                workspace_id=row.workspace_id,
                by=ACTOR,
                reason=reason,
                now=now,
            )


def open_findings(session: Session, *, workspace_id: str) -> Sequence[Finding]:
    """Those nobody has settled, oldest first."""
    query = select(Finding).where(
        Finding.workspace_id == workspace_id, col(Finding.settled_at).is_(None)
    )
    return session.exec(query.order_by(col(Finding.found_at), col(Finding.id))).all()


def missed(session: Session, tool: str, *, workspace_id: str) -> Sequence[Action]:
    """Actions of this tool whose effect is found missing, so far."""
    query = (
        select(Action)
        .join(Finding, col(Finding.action_id) == col(Action.id))
        .where(
            Finding.workspace_id == workspace_id,
            Finding.tool == tool,
            Finding.kind == "missing",
            col(Finding.settled_at).is_(None),
        )
        .order_by(col(Finding.found_at))
        .limit(_LOOKED_FOR_AGAIN)
    )
    return session.exec(query).all()


def settle(
    session: Session,
    log: Log,
    finding_id: str,
    *,
    workspace_id: str,
    by: str,
    reason: str,
    now: datetime,
) -> Finding:
    """Somebody has cleared this up. Raises `NoSuchFinding` when it is not open."""
    changed = session.execute(
        update(Finding)
        .where(
            col(Finding.id) == finding_id,
            col(Finding.workspace_id) == workspace_id,
            col(Finding.settled_at).is_(None),
        )
        .values(settled_at=now, settled_by=by, reason=reason)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise NoSuchFinding()
    row = session.get_one(Finding, finding_id, populate_existing=True)
    _record(session, log, row, "settled", by, f"Cleared up: {reason}", now=now)
    return row


def tell_operators(
    session: Session, people: People, *, subject: str, text: str, now: datetime
) -> None:
    """One direct message to each operator about this, however often asked."""
    operators = [person.slack_id for person in people.everyone if person.operator]
    tell(session, operators, text, workspace_id=people.workspace_id, subject=subject, now=now)


def _sentence(found: Found) -> str:
    system = connector_of(found.tool.name)
    what = f"{found.shown.what} ({found.shown.reference})" if found.shown else ""
    title = title_of(found.action) if found.action else ""
    if found.kind == "unasked":
        return (
            f"The record of {system} shows something done with my access that I know nothing of: "
            f"{what}. Find out who did it; if nobody did, change the access."
        )
    if found.kind == "contrary" and found.action is not None:
        return (
            f"The record of {system} shows {what}, but I have “{title}” as "
            f"{found.action.status}. Look whether it should stand."
        )
    if found.kind == "twice":
        return (
            f"The record of {system} shows “{title}” {found.times} times, last as {what}. "
            "Take back what is too much."
        )
    return (
        f"I have “{title}” as done, but the record of {system} does not show it. Look whether it "
        "happened."
    )


def _record(  # noqa: PLR0917 - a private call
    session: Session, log: Log, row: Finding, what: str, by: str, reason: str, *, now: datetime
) -> None:
    log.record(
        session,
        workspace_id=row.workspace_id,
        type=f"tools:finding:{what}",
        subject=row.id,
        actor=by,
        at=now,
        reason=reason,
        action_id=row.action_id,
    )
