"""Who may see a question: those who can read where it was asked, and those to whom its asker agreed
to show it. Of whom it is not known that they can read there, they cannot."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from approvals.people import Principal
from approvals.people_tables import Membership
from approvals.tables import Action, Request
from core.db import insert_once


def can_read(session: Session, request: Request, action: Action, person: Principal) -> bool:
    """Whether this person can read the conversation it was asked in."""
    readers = readers_now(session, action, request.readers)
    return readers is None or person.slack_id in readers


def may_see(session: Session, request: Request, action: Action, person: Principal) -> bool:
    """Whether anything of it may be shown to this person."""
    if request.readers is None or person.id == action.principal_id or person.id in request.agreed:
        return True
    return can_read(session, request, action, person)


def unseen(
    session: Session, request: Request, action: Action, people: Iterable[Principal]
) -> list[Principal]:
    """Those of these people to whom nothing of it may be shown yet."""
    return [person for person in people if not may_see(session, request, action, person)]


def readers_now(
    session: Session, action: Action, readers: Collection[str] | None
) -> frozenset[str] | None:
    """Of those who could read it when it was asked, whoever has not left since. Slack ids, None
    where everybody can."""
    if readers is None:
        return None
    gone = select(Membership.slack_id).where(
        Membership.workspace_id == action.workspace_id,
        Membership.channel == action.channel,
        col(Membership.is_in).is_(False),
    )
    return frozenset(readers) - set(session.exec(gone).all())


def note_member(
    session: Session, *, workspace_id: str, channel: str, slack_id: str, is_in: bool, at: datetime
) -> None:
    """Somebody left this channel, and what was asked there is hidden from them from now on; or came
    back, and can read it again. `at`: when it happened, by Slack's clock."""
    row = Membership(
        workspace_id=workspace_id, channel=channel, slack_id=slack_id, is_in=is_in, at=at
    )
    if insert_once(session, row):
        return
    session.execute(
        update(Membership)
        .where(
            col(Membership.workspace_id) == workspace_id,
            col(Membership.channel) == channel,
            col(Membership.slack_id) == slack_id,
            col(Membership.at) < at,
        )
        .values(is_in=is_in, at=at)
        .execution_options(synchronize_session=False)
    )
