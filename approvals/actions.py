"""Actions: proposed once, replaced or dropped before they begin, found again by id."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from approvals.moves import move, row_of, versions_of
from approvals.states import ACTION_OPEN, ACTION_TERMINAL
from approvals.tables import Action
from approvals.unknowns import Answered, answer_unknown, ask_about
from audit.log import Log
from core.db import insert_once
from core.ids import derive_id
from core.outbox import enqueue

__all__ = [
    "Answered",
    "Proposed",
    "answer_unknown",
    "ask_about",
    "cancel",
    "cancel_turn",
    "head",
    "move",
    "propose",
    "settled",
    "supersede",
]


@dataclass(frozen=True)
class Proposed:
    """One call a model asked for: tool, its version, and arguments as the model gave them.

    `title` is what people call it until the preview says it better: "Refund an order".
    """

    tool: str
    tool_version: str
    args: Mapping[str, Any]
    title: str | None = None
    #: How many steps it belongs together with, and how many of them cannot be undone
    #: (`approvals.together`); None where it stands alone.
    together: Mapping[str, int] | None = None


def propose(
    session: Session,
    log: Log,
    *,
    turn_id: str,
    step: int,
    calls: Sequence[Proposed],
    principal_id: str,
    workspace_id: str,
    channel: str,
    thread_ts: str | None,
    automation: str,
    now: datetime,
) -> list[Action]:
    """The actions of this step of this turn, in the order of its calls, inserted or found.

    Their ids derive from (turn, step, call): however often a step runs, each action exists once.
    Every new one is queued for `prepare`.
    """
    actions = []
    for index, call in enumerate(calls):
        row = Action(
            id=derive_id("act", turn_id, step, index),
            workspace_id=workspace_id,
            turn_id=turn_id,
            step=step,
            call=index,
            principal_id=principal_id,
            channel=channel,
            thread_ts=thread_ts,
            automation=automation,
            tool=call.tool,
            tool_version=call.tool_version,
            args=plain(dict(call.args)),
            origins={},
            preview={"title": call.title} if call.title else None,
            together=dict(call.together) if call.together else None,
            created_at=now,
        )
        reason = f"Signoff plans: {call.title or call.tool}"
        actions.append(insert(session, log, row, reason, now=now))
    return actions


def head(session: Session, action_id: str) -> Action:
    """The newest of the chain of actions that superseded one another."""
    action = row_of(session, action_id)
    while action.status == "superseded":
        newer = session.exec(select(Action).where(Action.supersedes == action.id)).first()
        if newer is None:
            break
        action = newer
    return action


def settled(session: Session, action_ids: Iterable[str]) -> dict[str, Action]:
    """For each action whose newest form is terminal: that newest form, by the id asked for."""
    heads = {action_id: head(session, action_id) for action_id in action_ids}
    return {key: action for key, action in heads.items() if action.status in ACTION_TERMINAL}


def supersede(
    session: Session,
    log: Log,
    action: Action,
    *,
    now: datetime,
    actor: str,
    reason: str,
    args: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    edit: Mapping[str, Any] | None = None,
) -> Action:
    """Replace a not yet begun action by a new one, judged and asked afresh; returns the new one.

    `edit` is what a person changed, where that is why (`approvals/editing.py`).
    """
    undoes = action.undoes
    old = move(
        session,
        log,
        action,
        "superseded",
        now=now,
        actor=actor,
        reason=reason,
        body=edit,
        undoes=None,
    )
    edits = [*(old.edits or []), *([dict(edit)] if edit else [])]
    row = Action(
        id=derive_id("act", "supersedes", old.id),
        workspace_id=old.workspace_id,
        turn_id=old.turn_id,
        step=old.step,
        call=old.call,
        principal_id=old.principal_id,
        channel=old.channel,
        thread_ts=old.thread_ts,
        automation=old.automation,
        tool=old.tool,
        tool_version=old.tool_version,
        args=dict(old.args) if args is None else plain(dict(args)),
        origins={},
        facts=None if facts is None else dict(facts),
        preview=_titled(old),
        supersedes=old.id,
        edits=edits or None,
        undoes=undoes,
        undone_by=old.undone_by,
        together=old.together,
        created_at=now,
    )
    return insert(session, log, row, "Looked at afresh", now=now, supersedes=old.id)


def cancel(
    session: Session, log: Log, action: Action, *, now: datetime, actor: str, reason: str
) -> Action:
    """Drop an action that has not begun. Raises `InvalidTransition` when it has."""
    return move(session, log, action, "cancelled", now=now, actor=actor, reason=reason)


def cancel_turn(
    session: Session, log: Log, turn_id: str, *, now: datetime, actor: str, reason: str
) -> list[Action]:
    """Drop every action of this turn that has not begun; what has begun runs to its end."""
    query = (
        select(Action)
        .where(Action.turn_id == turn_id, col(Action.status).in_(ACTION_OPEN))
        .order_by(col(Action.step), col(Action.call))
        .execution_options(populate_existing=True)
    )
    rows = session.exec(query).all()
    return [cancel(session, log, row, now=now, actor=actor, reason=reason) for row in rows]


def insert(
    session: Session,
    log: Log,
    row: Action,
    reason: str,
    *,
    now: datetime,
    supersedes: str | None = None,
    actor: str | None = None,
) -> Action:
    """This new action, or the one that stands under its id; a new one is queued for `prepare`."""
    if insert_once(session, row):
        log.record(
            session,
            workspace_id=row.workspace_id,
            type="approvals:action:proposed",
            subject=row.id,
            actor=actor or row.principal_id,
            at=now,
            reason=reason,
            turn_id=row.turn_id,
            action_id=row.id,
            versions=versions_of(row) | ({"supersedes": supersedes} if supersedes else {}),
            body={"args": row.args} | (row.preview or {}),
        )
        enqueue(
            session,
            workspace_id=row.workspace_id,
            job="prepare",
            subject=row.id,
            key=row.id,
            args={"action_id": row.id},
            now=now,
        )
    return row_of(session, row.id)


def _titled(action: Action) -> dict[str, Any] | None:
    title = (action.preview or {}).get("title")
    return {"title": title} if title else None


def plain(value: Any) -> Any:
    """What models and people write, without what databases cannot hold (NaN, infinities, NUL)."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, Mapping):
        return {str(key).replace("\x00", ""): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
