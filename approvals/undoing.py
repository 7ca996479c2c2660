"""Who may take something back, and the action that does so.

Before it is begun it is cancelled, on its own row: a compare-and-set against the claim, so that
exactly one of the two wins. After it was done, taking it back is an action of its own, judged like
any other, whose `undoes` names what it takes back: unique, so twice is once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col

from approvals.actions import insert
from approvals.decided import approved_by
from approvals.moves import row_of
from approvals.people import People, Principal
from approvals.tables import Action
from approvals.windows import undo_of
from audit.log import Log
from core.ids import derive_id

#: An undo that ended like this changed nothing, and may be asked for again.
IN_VAIN = frozenset({"denied", "rejected", "expired", "cancelled", "failed"})
#: The code of an action that was taken back before it was begun.
TAKEN_BACK = "taken_back"


def taken_back(session: Session, action: Action) -> bool:
    """Whether what this action did was undone, or an undo of it is under way."""
    undo = undo_of(session, action.id)
    return undo is not None and undo.status not in IN_VAIN


def wanted_by(undo: Action) -> str:
    """The id of whoever wanted this undo."""
    return undo.undone_by or undo.principal_id


def unasked(undo: Action) -> bool:
    """Whether no person wanted this undo: it began by itself, because another step was not done."""
    return (undo.undone_by or "").startswith("system:")


def may_undo(session: Session, people: People, action: Action, person: Principal) -> str | None:
    """None for the asker and for those who approved it; for others why not, as a sentence."""
    able = list(dict.fromkeys([action.principal_id, *approved_by(session, action.id)]))
    if person.id in able:
        return None
    known = [people.by_id(one) for one in able]
    names = " or ".join(one.first_name for one in known if one is not None)
    return f"Only {names or 'the person who asked'} can take this back."


def propose_undo(
    session: Session,
    log: Log,
    done: Action,
    *,
    tool: str,
    tool_version: str,
    args: Mapping[str, Any],
    title: str,
    by: str,
    now: datetime,
) -> Action:
    """The action that puts back what `done` did, inserted or found; `by` is who wants it, or
    `system:…` where nobody does.

    It happens on behalf of the person it was done for. One that was in vain before makes room.
    """
    former = undo_of(session, done.id)
    again: list[str] = []
    if former is not None and former.status in IN_VAIN:
        again = [former.id]
        session.execute(
            update(Action)
            .where(col(Action.id) == former.id, col(Action.status).in_(IN_VAIN))
            .values(undoes=None)
            .execution_options(synchronize_session=False)
        )
    row = Action(
        id=derive_id("act", "undoes", done.id, *again),
        workspace_id=done.workspace_id,
        turn_id=done.turn_id,
        step=done.step,
        call=done.call,
        principal_id=done.principal_id,
        channel=done.channel,
        thread_ts=done.thread_ts,
        automation=done.automation,
        tool=tool,
        tool_version=tool_version,
        args=dict(args),
        origins={},
        preview={"title": title},
        undoes=done.id,
        undone_by=by,
        created_at=now,
    )
    return insert(session, log, row, f"To take back: {title}", now=now, actor=by)


def undone_action(session: Session, undo: Action) -> Action:
    """What this action takes back. Raises `ApprovalError` when it takes nothing back."""
    return row_of(session, undo.undoes or "")
