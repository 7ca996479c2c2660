"""How much waits for whom: new questions go to those of a group who have room first, and one person
cannot flood the others through one automation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from sqlmodel import Session, func, select

from approvals.people import People, Principal
from approvals.stages import Stage
from approvals.tables import Action, Request


def flooding(session: Session, people: People, action: Action) -> str | None:
    """Why this question is not put, as a sentence: too many of its asker's wait already. None when
    there is room."""
    if people.most_open is None:
        return None
    query = (
        select(func.count())
        .select_from(Request)
        .join(Action, Action.id == Request.action_id)  # type: ignore[arg-type]
        .where(
            Request.status == "pending",
            Action.workspace_id == action.workspace_id,
            Action.principal_id == action.principal_id,
            Action.automation == action.automation,
        )
    )
    count = session.exec(query).one()
    if count < people.most_open:
        return None
    asker = people.by_id(action.principal_id)
    name = asker.first_name if asker else action.principal_id
    return (
        f"{count} questions of {name}'s are open already, asked through “{action.automation}”. "
        "Some must be answered or stopped before another is asked"
    )


def spread(session: Session, stage: Stage, able: Sequence[Principal], workspace_id: str) -> Stage:
    """The stage, asking those who have room first: as many as must agree, the least busy ones where
    too few have room. Who is not asked may answer all the same."""
    if stage.asked or len(able) <= stage.quorum or all(person.load is None for person in able):
        return stage
    waiting = _loads(session, workspace_id)
    roomy = [p for p in able if p.load is None or waiting[p.id] < p.load]
    if len(roomy) == len(able) or not roomy:
        return stage
    if len(roomy) < stage.quorum:
        busy = sorted((p for p in able if p not in roomy), key=lambda p: waiting[p.id])
        roomy += busy[: stage.quorum - len(roomy)]
    return replace(stage, asked=tuple(person.id for person in roomy))


def has_room(session: Session, person: Principal, workspace_id: str, *, besides: int = 0) -> bool:
    """Whether fewer questions await this person than they take, `besides` of them not counted."""
    if person.load is None:
        return True
    return _loads(session, workspace_id)[person.id] - besides < person.load


def _loads(session: Session, workspace_id: str) -> Counter[str]:
    """Id of a person -> how many open questions await their answer."""
    query = select(Request.awaited).where(
        Request.status == "pending", Request.workspace_id == workspace_id
    )
    return Counter(person_id for awaited in session.exec(query) for person_id in awaited)
