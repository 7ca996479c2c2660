"""Which open requests wait for whom, and about what somebody asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from approvals.directory import as_of
from approvals.entitlement import places, stage_of
from approvals.people import People, Principal
from approvals.seeing import may_see
from approvals.tables import Action, Decision, Request


def waiting_for(
    session: Session,
    people: People,
    person: Principal,
    *,
    now: datetime,
    workspace_id: str | None = None,
) -> list[tuple[Request, Action]]:
    """Open requests that this person may answer now, for themselves or in the place of somebody
    who is away, and that still want their answer; oldest first."""
    people = as_of(session, people, now=now)
    pending = _pending(session, workspace_id)
    filled = _filled(session, [request.id for request, _ in pending])
    found = []
    for request, action in pending:
        taken, voters = filled[request.id]
        stage = stage_of(request)
        free = [
            place
            for place in places(people, action, stage, person)
            if place.id not in taken and (not stage.asked or place.id in stage.asked)
        ]
        if not free or person.id in voters or request.withheld is not None:
            continue
        if may_see(session, request, action, person):
            found.append((request, action))
    return found


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


def _filled(
    session: Session, request_ids: Sequence[str]
) -> Mapping[str, tuple[set[str], set[str]]]:
    """Of each request, whose places are filled, and who has voted."""
    found: defaultdict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    query = select(Decision).where(col(Decision.request_id).in_(request_ids))
    for row in session.exec(query):
        taken, voters = found[row.request_id]
        taken.add(row.for_id)
        voters.add(row.person_id)
    return found
