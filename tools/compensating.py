"""Taking back several steps, the last one first: what a person says to it, and how it goes on.

All state is in SQL: the row says what was decided, the undos' own rows how far it has come. Every
function here may be called again at any time. What is offered stands in `tools/offering.py`.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from approvals.moves import row_of
from approvals.people import People, Principal
from approvals.tables import Action, Compensation
from approvals.undoing import may_undo
from approvals.windows import undo_of, undo_until
from audit.log import Log
from core.outbox import enqueue
from core.posts import refresh_posts
from tools.deps import ACTOR
from tools.registry import Registry
from tools.saga import following
from tools.undoing import propose_back

#: From where a decision may be made.
_OPEN = ("offered", "stuck")
#: Where it still matters what becomes of an undo.
_LIVE = ("offered", "running", "stuck")
KIND = "compensation"
#: The job that goes on from a step once all after it was taken back (`graphs/runtime/back.py`).
GO_BACK = "go_back"


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
    steps = [row_of(session, step) for step in row.steps]
    refusal = _may_not(session, people, row, steps, person)
    if refusal is None and back and row.status == "offered":
        refusal = _too_late(session, row, steps, now)
    if refusal is not None:
        return refusal
    again, said = row.status == "stuck", "take it back" if back else "keep it"
    if row.status not in _OPEN or not move_back(
        session,
        log,
        row,
        "running" if back else "kept",
        by=person.id,
        reason=f"{person.first_name}: {said}",
        now=now,
    ):
        return _closed(people, session.get_one(Compensation, row.id, populate_existing=True))
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
        if found.what == "wait":
            break
        if found.what == "propose" and found.step is not None:
            again = False
            step, by = row_of(session, found.step), row.decided_by or ACTOR
            if propose_back(session, log, registry, step, by=by, now=now) is not None:
                break
        if not _close(session, log, row, done=found.what == "done", now=now):
            break
    refresh_posts(session, subject=row.id, kind=KIND, now=now)


def live_with(session: Session, done: Action) -> list[Compensation]:
    """Whatever offers to take this action back, does so, or stopped at it: one for its turn or the
    steps it belongs together with, and one for each step that somebody goes back to."""
    query = select(Compensation).where(
        Compensation.workspace_id == done.workspace_id, col(Compensation.status).in_(_LIVE)
    )
    rows = session.exec(query.execution_options(populate_existing=True))
    return [row for row in rows if done.id in row.steps]


def move_back(
    session: Session,
    log: Log,
    row: Compensation,
    to: str,
    *,
    by: str | None,
    reason: str,
    now: datetime,
) -> bool:
    """Compare-and-set with its event; False when somebody was faster. `by` decided it so."""
    changed = session.execute(
        update(Compensation)
        .where(col(Compensation.id) == row.id, col(Compensation.status) == row.status)
        .values(status=to, decided_by=by)
        .execution_options(synchronize_session=False)
    )
    session.refresh(row)
    if not changed.rowcount:  # type: ignore[attr-defined]
        return False
    actor = by if by is not None and to in ("running", "kept") else ACTOR
    record(session, log, row, actor=actor, reason=reason, now=now)
    return True


def record(
    session: Session, log: Log, row: Compensation, *, actor: str, reason: str, now: datetime
) -> None:
    """The event of what this row has just become."""
    log.record(
        session,
        workspace_id=row.workspace_id,
        type=f"tools:compensation:{row.status}",
        subject=row.id,
        actor=actor,
        at=now,
        reason=reason,
        turn_id=row.turn_id,
        action_id=row.failed_id,
        body={"steps": row.steps},
    )


def _close(session: Session, log: Log, row: Compensation, *, done: bool, now: datetime) -> bool:
    """It is done, or stuck; False when somebody was faster."""
    reason = "All that could be was taken back" if done else "An undo came to nothing"
    to = "done" if done else "stuck"
    if not move_back(session, log, row, to, by=row.decided_by, reason=reason, now=now):
        return False
    if done and row.back_to is not None:
        enqueue(
            session,
            workspace_id=row.workspace_id,
            job=GO_BACK,
            subject=row.id,
            key=f"{row.id}:done",
            args={"compensation_id": row.id},
            now=now,
        )
    return True


def _may_not(
    session: Session,
    people: People,
    row: Compensation,
    steps: list[Action],
    person: Principal,
) -> str | None:
    """Why this is not for this person to say: they may undo each of the steps, or none.

    A run that goes on from an earlier step goes on in its asker's name, so that is theirs to say.
    """
    asker = people.by_id(steps[0].principal_id)
    who = asker.first_name if asker else "the person who asked"
    if row.back_to is not None and person.id != steps[0].principal_id:
        return f"Only {who} can go back there."
    found = [may_undo(session, people, step, person) for step in steps]
    refusals = [refusal for refusal in found if refusal is not None]
    if 0 < len(refusals) < len(found):
        return f"You can take back some of this, each at its card; only {who} can take back all."
    return refusals[0] if refusals else None


def _too_late(
    session: Session, row: Compensation, steps: list[Action], now: datetime
) -> str | None:
    """Why it is too late to begin: for going back every step must be in time, else the last."""
    for step in steps if row.back_to is not None else steps[:1]:
        undo, until = undo_of(session, step.id), undo_until(step)
        undone = undo is not None and undo.status == "succeeded"
        if not undone and (until is None or until <= now):
            return "The time to undo this is over. Nothing was changed."
    return None


def _closed(people: People, row: Compensation) -> str:
    if row.decided_by == ACTOR:
        return (
            "This is being taken back already."
            if row.status == "running"
            else "That is over already."
        )
    person = people.by_id(row.decided_by or "")
    who = person.first_name if person else "Somebody"
    done = {
        "running": "is having it taken back already",
        "done": "had it taken back already",
        "kept": "kept it already",
    }
    return f"{who} {done.get(row.status, 'decided this already')}."
