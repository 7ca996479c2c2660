"""Who went through which page of a card that is too long to show at once."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from approvals.people import Principal
from approvals.tables import PageRead, Request
from audit.log import Log
from core.db import insert_once
from core.ids import derive_id


def note_page(
    session: Session,
    log: Log,
    request: Request,
    person: Principal,
    *,
    page: int,
    of: int,
    now: datetime,
) -> None:
    """This person went through this page; the log tells when it was the last one missing."""
    row = PageRead(
        id=derive_id("page", request.id, person.id, page),
        workspace_id=request.workspace_id,
        request_id=request.id,
        person_id=person.id,
        page=page,
        at=now,
    )
    if insert_once(session, row) and not missing(session, request.id, person, of=of):
        log.record(
            session,
            workspace_id=request.workspace_id,
            type="approvals:request:read",
            subject=request.id,
            actor=person.id,
            at=now,
            reason=f"{person.first_name} went through all {of} pages",
            action_id=request.action_id,
        )


def missing(session: Session, request_id: str, person: Principal, *, of: int) -> bool:
    """Whether this person has yet to see one of so many pages."""
    query = select(PageRead.page).where(
        PageRead.request_id == request_id,
        PageRead.person_id == person.id,
        col(PageRead.page) <= of,
    )
    return len(session.exec(query).all()) < of
