"""What waits too long: people are reminded, stages go to others. Looked at by the keeper.

A reminder is a `posts` row, unique by request, stage, person and number: however often this is
looked at, and by however many, each is sent once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, select

from approvals.accounts import active
from approvals.asking import ask_asker, needing_copy, remind, show_card
from approvals.batches import likeness
from approvals.directory import as_of
from approvals.entitlement import eligible, stage_of, stand_ins, whom
from approvals.handed import answered, kept, name_of
from approvals.loads import spread
from approvals.noting import note
from approvals.owners import tell_owners
from approvals.people import People, Principal
from approvals.policy.judge import approver_words
from approvals.seeing import may_see
from approvals.spans import Span
from approvals.stages import Stage, joined
from approvals.tables import Action, Handing, Request, title_of
from approvals.timing import escalates_at, next_at, reminders_due
from audit.log import Log
from core.notices import tell
from core.posts import refresh_posts


def nudge_due(
    session: Session, log: Log, people: People, *, now: datetime, limit: int = 100
) -> int:
    """Remind and escalate where the time has come; returns of how many requests."""
    query = (
        select(Request)
        .where(Request.status == "pending", col(Request.next_at) <= now)
        .order_by(col(Request.next_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    due = session.exec(query).all()
    if not due:
        return 0
    now_people = as_of(session, people, now=now)
    for request in due:
        action = session.get_one(Action, request.action_id, populate_existing=True)
        _nudge(session, log, now_people, request, action, now)
    return len(due)


def begin_stage(
    session: Session, people: People, request: Request, action: Action, *, now: datetime
) -> None:
    """The stage the request stands at begins: those with room are asked, and shown the card where
    they cannot see the place it was asked in. `people` as of now."""
    people = active(session, people)
    handed = kept(session, people, request, action, now=now)
    stage, before = handed.stage, answered(session, request)
    able = [person for person in eligible(people, action, stage) if person.id not in before]
    put_stage(session, request, spread(session, stage, able, request.workspace_id))
    request.stage_at, request.batch_id = now, None
    plan(session, people, request, action, now=now)
    missing = awaited(session, people, request, action, stage_of(request))
    show_copies(session, request, action, missing, now=now)
    show_card(session, request, action, [one for one in missing if one in handed.to], now=now)
    for row in handed.waits:
        to = [one for one in [people.by_id(row.to_id)] if one]
        ask_asker(session, request, action, to, now=now, handing=row)
    for row in handed.over:
        _tell_over(session, people, action, row, now=now)


def _tell_over(
    session: Session, people: People, action: Action, row: Handing, *, now: datetime
) -> None:
    """Whoever wanted to hand it on hears that nothing comes of it."""
    by = people.by_id(row.by_id)
    if by is None:
        return
    said = (
        f"“{title_of(action)}” is asked anew. You wanted to hand it to "
        f"{name_of(people, row.to_id)}; that is not possible any more, and was not agreed."
    )
    tell(session, [by.slack_id], said, workspace_id=row.workspace_id, subject=row.id, now=now)


def show_copies(
    session: Session, request: Request, action: Action, missing: Sequence[Principal], *,
    now: datetime,
) -> None:  # fmt: skip
    """Show the card to those of these whose answer is missing who need one of their own."""
    others = needing_copy(session, request, action, missing)
    show_card(session, request, action, others, now=now)


def stand_ins_due(session: Session, people: People, *, now: datetime) -> int:
    """Somebody's absence began: whoever stands in is asked from now on, and shown the card where
    each has their own. Returns of how many questions."""
    current = as_of(session, people, now=now)
    away = {person_id for ids in current.stand_ins.values() for person_id in ids}
    if not away:
        return 0
    open_ones = select(Request.id, Request.awaited).where(
        Request.status == "pending", Request.workspace_id == people.workspace_id
    )
    stale = [key for key, awaited_ in session.exec(open_ones) if away & set(awaited_)]
    query = select(Request).where(col(Request.id).in_(stale), Request.status == "pending")
    rows = session.exec(
        query.order_by(col(Request.id))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    return sum(_replaced(session, current, request, now) for request in rows)


def _replaced(session: Session, people: People, request: Request, now: datetime) -> bool:
    if request.withheld is not None:
        return False
    action = session.get_one(Action, request.action_id, populate_existing=True)
    before = list(request.awaited)
    plan(session, people, request, action, now=now)
    if request.awaited == before:
        return False
    found = [people.by_id(one) for one in request.awaited]
    show_copies(session, request, action, [one for one in found if one], now=now)
    return True


def put_stage(session: Session, request: Request, stage: Stage) -> None:
    """Write the current stage back."""
    number = request.stage
    request.stages = [
        *request.stages[:number], stage.as_json(), *request.stages[number + 1 :]
    ]  # fmt: skip
    session.add(request)
    session.flush()


def plan(
    session: Session, people: People, request: Request, action: Action, *, now: datetime
) -> None:
    """Set who is awaited and when this request is next looked at. `people` as of now."""
    stage = stage_of(request)
    asked = eligible(people, action, stage)
    missing = awaited(session, people, request, action, stage)
    request.awaited = [person.id for person in missing]
    request.likeness = likeness(action, request, stage, missing)
    request.next_at = next_at(stage, missing, asked, request.stage_at, now)
    session.add(request)
    session.flush()


def awaited(
    session: Session, people: People, request: Request, action: Action, stage: Stage
) -> list[Principal]:
    """Whose answer is missing: those who are asked, or whoever decides for them while away."""
    gave = answered(session, request)
    found: dict[Principal, None] = {}
    for owner in eligible(people, action, stage):
        if owner.id in gave or (stage.asked and owner.id not in stage.asked):
            continue
        instead = [p for p in stand_ins(people, action, stage, owner) if p.id not in gave]
        found |= dict.fromkeys(instead or [owner])
    return list(found)


def _nudge(  # noqa: PLR0917 - a private call
    session: Session,
    log: Log,
    people: People,
    request: Request,
    action: Action,
    now: datetime,
) -> None:
    stage = stage_of(request)
    at = escalates_at(stage, eligible(people, action, stage), request.stage_at)
    rises = at is not None and at <= now
    if not (rises and stage.instead):
        _remind(session, log, people, request, action, stage, now)
    if rises:
        _escalate(session, log, people, request, action, stage, now)
    plan(session, people, request, action, now=now)


def _remind(  # noqa: PLR0917 - a private call
    session: Session,
    log: Log,
    people: People,
    request: Request,
    action: Action,
    stage: Stage,
    now: datetime,
) -> None:
    missing = awaited(session, people, request, action, stage)
    show_copies(session, request, action, missing, now=now)
    for person in missing:
        if not may_see(session, request, action, person):
            continue
        number = reminders_due(stage, person, request.stage_at, now)
        if number and remind(session, request, person, number=number, now=now):
            said = f"Reminded {person.first_name}"
            note(session, log, action, "reminded", said, actor="system:approvals", now=now)


def _escalate(  # noqa: PLR0917 - a private call
    session: Session,
    log: Log,
    people: People,
    request: Request,
    action: Action,
    stage: Stage,
    now: datetime,
) -> None:
    before = eligible(people, action, stage)
    first, other = approver_words(stage.who), approver_words(stage.escalate_to)
    span = Span(stage.escalate_s or 0, stage.escalate_working).words
    how = "instead" if stage.instead else "too"
    said = f"{first} did not answer within {span}, so {other} may decide {how}"
    moved = replace(stage, escalated=True, why=joined([stage.why, said]), asked=())
    new = [p for p in eligible(people, action, moved) if p not in before]
    if not eligible(people, action, replace(moved, instead=True)):
        # There is nobody it could go to: it stays where it is, and the owner hears of it.
        moved, new = replace(stage, escalate_s=None), []
        said = f"{first} did not answer within {span}, and nobody in {other} could"
        mend = f"Put somebody into {other} in config/people.yaml, or name others in the rule."
        tell_owners(session, people, f"{said}.", mend, now=now)
    # Whoever is asked now has their own time before they are reminded.
    request.stage_at = now
    put_stage(session, request, moved)
    told = f"{said[0].upper()}{said[1:]} (asked now: {whom(moved)})"
    note(session, log, action, "escalated", told, actor="system:approvals", now=now)
    show_card(session, request, action, new, now=now)
    refresh_posts(session, subject=action.id, kind="card", now=now)
