"""When a step fails after others were done: offer to take those back, and do so in reverse order.

All state is in SQL: the row says what was decided, the undos' own rows how far it has come. Every
function here may be called again at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from approvals.moves import row_of
from approvals.people import People, Principal
from approvals.tables import Action, Compensation
from approvals.together import together_id
from approvals.undoing import may_undo
from approvals.windows import undo_of, undo_until
from audit.log import Log
from core.db import insert_once
from core.ids import derive_id
from core.posts import ask_post, refresh_posts
from tools.contract import Effect
from tools.deps import ACTOR
from tools.registry import Registry
from tools.saga import Done, backwards, following
from tools.undoing import propose_back

#: From where a decision may be made.
_OPEN = ("offered", "stuck")
KIND = "compensation"


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
    actions = session.exec(
        select(Action).where(Action.turn_id == turn_id, col(Action.undoes).is_(None))
    ).all()
    failed = _failed(registry, actions)
    # Steps that belong together are taken back by themselves, whatever else was done.
    alone = [action for action in actions if together_id(action) is None]
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
    return _offered(session, log, registry, row, actions[0], automatic=automatic, now=now)


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
    done = [one for one in _done(registry, steps, before=None) if one.id != because.id]
    if not done:
        return None
    able = backwards(replace(one, undoable=_in_time(steps, one, now)) for one in done)
    group = together_id(because) or ""
    row = Compensation(
        id=derive_id("comp", group),
        workspace_id=because.workspace_id,
        turn_id=because.turn_id or "",
        together_id=group,
        failed_id=because.id,
        steps=able,
        created_at=now,
    )
    # With nothing left to take back there is nothing to ask either.
    return _offered(session, log, registry, row, because, automatic=automatic or not able, now=now)


def _in_time(steps: Sequence[Action], one: Done, now: datetime) -> bool:
    until = undo_until(next(step for step in steps if step.id == one.id))
    return until is not None and until > now


def _offered(
    session: Session,
    log: Log,
    registry: Registry,
    row: Compensation,
    place: Action,
    *,
    automatic: bool,
    now: datetime,
) -> Compensation:
    """The row, written and told once where `place` was asked for."""
    fresh = insert_once(session, row)
    row = session.get_one(Compensation, row.id, populate_existing=True)
    if fresh:
        _record(
            session, log, row, "offered", "Offered to take back what was done before", ACTOR, now
        )
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
        if automatic and _move(session, row, "running", ACTOR):
            go_on(session, log, registry, row, now=now)
    return row


def decide_back(
    session: Session,
    log: Log,
    people: People,
    registry: Registry,
    *,
    compensation_id: str,
    person: Principal,
    back: bool,
    now: datetime,
) -> str:
    """One person's answer to the offer: take it all back, or keep it; the sentence to tell."""
    row = session.get(Compensation, compensation_id, populate_existing=True)
    if row is None or not row.steps or row.workspace_id != people.workspace_id:
        return "This button doesn't belong to an open question."
    refusal = may_undo(session, people, row_of(session, row.steps[0]), person)
    if refusal is not None:
        return refusal
    last = undo_until(row_of(session, row.steps[0]))
    if back and row.status == "offered" and (last is None or last <= now):
        return "The time to undo this is over. Nothing was changed."
    again = row.status == "stuck"
    if row.status not in _OPEN or not _move(session, row, "running" if back else "kept", person.id):
        return _closed(people, session.get_one(Compensation, row.id, populate_existing=True))
    row = session.get_one(Compensation, row.id, populate_existing=True)
    said = "take it back" if back else "keep it"
    _record(session, log, row, row.status, f"{person.first_name}: {said}", person.id, now)
    if back:
        go_on(session, log, registry, row, now=now, again=again)
    refresh_posts(session, subject=row.id, kind=KIND, now=now)
    return "I take it back step by step, the last one first." if back else "Kept as it is."


def go_on(
    session: Session,
    log: Log,
    registry: Registry,
    row: Compensation,
    *,
    now: datetime,
    again: bool = False,
) -> None:
    """Propose the next undo of a running compensation, or close it."""
    while row.status == "running":
        undos = {step: undo_of(session, step) for step in row.steps}
        found = following([(s, u.status if u else None) for s, u in undos.items()], again=again)
        if found.what == "propose" and found.step is not None:
            again = False
            step = row_of(session, found.step)
            by = row.decided_by if row.decided_by != ACTOR else None
            by = by or step.principal_id
            if propose_back(session, log, registry, step, by=by, now=now) is not None:
                break
        if found.what == "wait":
            break
        to = "done" if found.what == "done" else "stuck"
        if not _move(session, row, to, row.decided_by):
            break
        row = session.get_one(Compensation, row.id, populate_existing=True)
        reason = "All that could be was taken back" if to == "done" else "An undo came to nothing"
        _record(session, log, row, to, reason, ACTOR, now)
    refresh_posts(session, subject=row.id, kind=KIND, now=now)


def of_step(session: Session, done: Action) -> Compensation | None:
    """The running compensation that takes this action back."""
    if done.turn_id is None:
        return None
    whole = together_id(done) or done.turn_id
    row = session.get(Compensation, derive_id("comp", whole), populate_existing=True)
    return row if row is not None and done.id in row.steps else None


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
        Done(
            id=action.id,
            settled_at=action.settled_at,
            step=action.step,
            call=action.call,
            undoable=undo_until(action) is not None,
        )
        for action in actions
        if action.status == "succeeded"
        and action.settled_at is not None
        and _writes(registry, action)
        and (before is None or before.settled_at is None or action.settled_at <= before.settled_at)
    ]


def _writes(registry: Registry, action: Action) -> bool:
    tool = registry.tool(action.tool)
    return tool is not None and tool.effect is not Effect.READ


def _move(session: Session, row: Compensation, to: str, by: str | None) -> bool:
    """Compare-and-set; False when somebody was faster."""
    changed = session.execute(
        update(Compensation)
        .where(col(Compensation.id) == row.id, col(Compensation.status) == row.status)
        .values(status=to, decided_by=by)
        .execution_options(synchronize_session=False)
    )
    session.refresh(row)
    return bool(changed.rowcount)  # type: ignore[attr-defined]


def _closed(people: People, row: Compensation) -> str:
    person = people.by_id(row.decided_by or "")
    who = person.first_name if person else "Somebody"
    done = {
        "running": "is having it taken back already",
        "done": "had it taken back already",
        "kept": "kept it already",
    }
    return f"{who} {done.get(row.status, 'decided this already')}."


def _record(  # noqa: PLR0917 - a private call
    session: Session,
    log: Log,
    row: Compensation,
    what: str,
    reason: str,
    actor: str,
    now: datetime,
) -> None:
    log.record(
        session,
        workspace_id=row.workspace_id,
        type=f"tools:compensation:{what}",
        subject=row.id,
        actor=actor,
        at=now,
        reason=reason,
        turn_id=row.turn_id,
        action_id=row.failed_id,
        body={"steps": row.steps},
    )
