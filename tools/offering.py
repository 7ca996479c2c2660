"""What is offered to be taken back: what a failed or stopped turn had done, what was done of steps
that belong together, and what was done after a step that somebody goes back to.

What follows from the answer stands in `tools/compensating.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, select

from approvals.tables import Action, Compensation
from approvals.together import together_id
from approvals.undoing import taken_back
from approvals.windows import undo_of, undo_until
from audit.log import Log
from core.db import insert_once
from core.ids import derive_id
from core.posts import ask_post
from tools.compensating import KIND, go_on, move_back, record
from tools.contract import Effect
from tools.deps import ACTOR
from tools.registry import Registry
from tools.saga import Done, backwards


def offer(
    session: Session,
    log: Log,
    registry: Registry,
    *,
    turn_id: str,
    automatic: bool,
    now: datetime,
) -> Compensation | None:
    """Offer to take back what this ended turn had done, once; None where there is nothing to.

    `automatic` begins at once instead of asking.
    """
    # Undos are told from the rest by who wanted them: one in vain takes nothing back any more.
    actions = session.exec(
        select(Action).where(Action.turn_id == turn_id, col(Action.undone_by).is_(None))
    ).all()
    failed = _failed(registry, actions)
    # Steps that belong together are taken back by themselves, whatever else was done.
    alone = [one for one in actions if together_id(one) is None and not is_undone(session, one)]
    steps = backwards(_done(registry, alone, before=failed))
    if not steps:
        return None
    row = Compensation(
        id=derive_id("comp", turn_id),
        workspace_id=actions[0].workspace_id,
        turn_id=turn_id,
        failed_id=failed.id if failed else None,
        steps=steps,
        created_at=now,
    )
    row, fresh = _offered(session, log, row, actions[0], actor=ACTOR, now=now)
    if fresh and automatic:
        _begin(session, log, registry, row, now=now)
    return row


def offer_together(
    session: Session,
    log: Log,
    registry: Registry,
    *,
    steps: Sequence[Action],
    because: Action,
    automatic: bool,
    now: datetime,
) -> Compensation | None:
    """Take back what was done of steps that belong together, `because` one of them was not; None
    where none was done. What cannot be undone any more stands, and is told."""
    group = together_id(because) or ""
    row_id = derive_id("comp", group)
    already = session.get(Compensation, row_id, populate_existing=True)
    if already is not None:
        return already
    # What somebody takes back at its card is theirs to follow.
    left = {one.id: one for one in steps if one.id != because.id and not taken_back(session, one)}
    done = _done(registry, list(left.values()), before=None)
    if not done:
        return None
    able = backwards(replace(one, undoable=can_go_back(left[one.id], now=now)) for one in done)
    row = Compensation(
        id=row_id,
        workspace_id=because.workspace_id,
        turn_id=because.turn_id or "",
        together_id=group,
        failed_id=because.id,
        steps=able,
        created_at=now,
    )
    row, fresh = _offered(session, log, row, because, actor=ACTOR, now=now)
    # With nothing left to take back there is nothing to ask either.
    if fresh and (automatic or not able):
        _begin(session, log, registry, row, now=now)
    return row


def offer_going_back(
    session: Session,
    log: Log,
    *,
    turn_id: str,
    back_to: int,
    standing: Sequence[Action],
    occasion: str,
    actor: str,
    now: datetime,
) -> Compensation:
    """Offer to undo what stands after this many steps of the turn, for a run to go on from there.

    Found where it is offered or under way already. `standing` is not empty, and each of it can be
    undone (`can_go_back`); the caller holds the turn's row. `occasion` says who wants it.
    """
    of_step = (Compensation.turn_id == turn_id, Compensation.back_to == back_to)
    rows = session.exec(select(Compensation).where(*of_step)).all()
    still = next((row for row in rows if row.status not in ("done", "kept")), None)
    if still is not None:
        return still
    row = Compensation(
        id=derive_id("comp", turn_id, "back", back_to, len(rows)),
        workspace_id=standing[0].workspace_id,
        turn_id=turn_id,
        steps=backwards(_as_done(one) for one in standing),
        back_to=back_to,
        occasion=occasion,
        created_at=now,
    )
    row, _ = _offered(session, log, row, standing[0], actor=actor, now=now)
    return row


def can_go_back(action: Action, *, now: datetime) -> bool:
    """Whether what was done may still be undone."""
    until = undo_until(action)
    return until is not None and until > now


def is_undone(session: Session, action: Action) -> bool:
    """Whether what this action did was taken back."""
    undo = undo_of(session, action.id)
    return undo is not None and undo.status == "succeeded"


def _offered(
    session: Session, log: Log, row: Compensation, place: Action, *, actor: str, now: datetime
) -> tuple[Compensation, bool]:
    """The row, written and told once where `place` was asked for; and whether it is new."""
    fresh = insert_once(session, row)
    row = session.get_one(Compensation, row.id, populate_existing=True)
    if fresh:
        reason = row.occasion or "Offered to take back what was done before"
        record(session, log, row, actor=actor, reason=reason, now=now)
        ask_post(
            session,
            workspace_id=row.workspace_id,
            subject=row.id,
            kind=KIND,
            channel=place.channel,
            thread_ts=place.thread_ts,
            body={},
            now=now,
        )
    return row, fresh


def _begin(
    session: Session, log: Log, registry: Registry, row: Compensation, *, now: datetime
) -> None:
    if move_back(session, log, row, "running", by=ACTOR, reason="Begun unasked", now=now):
        go_on(session, log, registry, row, now=now)


def _failed(registry: Registry, actions: Sequence[Action]) -> Action | None:
    """The last effect that failed and was not made up for by one alike."""
    made = {action.alike for action in actions if action.status == "succeeded" and action.alike}
    failed = [
        action
        for action in actions
        if action.status == "failed" and _writes(registry, action) and action.alike not in made
    ]
    return max(failed, key=lambda one: (one.step, one.call), default=None)


def _done(
    registry: Registry, actions: Sequence[Action], *, before: Action | None
) -> Sequence[Done]:
    return [
        _as_done(action)
        for action in actions
        if action.status == "succeeded"
        and action.settled_at is not None
        and _writes(registry, action)
        and (before is None or before.settled_at is None or action.settled_at <= before.settled_at)
    ]


def _as_done(action: Action) -> Done:
    return Done(
        id=action.id,
        settled_at=action.settled_at or action.created_at,
        step=action.step,
        call=action.call,
        undoable=undo_until(action) is not None,
    )


def _writes(registry: Registry, action: Action) -> bool:
    tool = registry.tool(action.tool)
    return tool is not None and tool.effect is not Effect.READ
