"""Which open requests wait for whom, and about what somebody asked for."""

from __future__ import annotations

from sqlmodel import Session, col, select

from approvals.entitlement import entitled
from approvals.people import People, Principal
from approvals.policy import Stage
from approvals.tables import Action, Decision, Request


def waiting_for(
    session: Session, people: People, person: Principal, *, workspace_id: str | None = None
) -> list[tuple[Request, Action]]:
    """Open requests that this person may answer now and has not answered, oldest first."""
    answered = set(
        session.exec(select(Decision.request_id).where(Decision.person_id == person.id)).all()
    )
    return [
        (request, action)
        for request, action in _pending(session, workspace_id)
        if request.id not in answered
        and entitled(people, action, Stage(**request.stages[request.stage]), person)[0]
    ]


def waiting_of(
    session: Session, principal_id: str, *, workspace_id: str | None = None
) -> list[tuple[Request, Action]]:
    """Open requests about what this person asked for, oldest first."""
    pending = _pending(session, workspace_id)
    return [(r, action) for r, action in pending if action.principal_id == principal_id]


def _pending(session: Session, workspace_id: str | None) -> list[tuple[Request, Action]]:
    query = (
        select(Request, Action)
        .where(Request.status == "pending", Action.id == Request.action_id)
        .order_by(col(Request.created_at), col(Request.id))
    )
    if workspace_id is not None:
        query = query.where(Request.workspace_id == workspace_id)
    return list(session.exec(query).all())
