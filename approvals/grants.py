"""The single-use right to execute exactly one action as it stands, and its recheck at the end."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from approvals.accounts import active
from approvals.directory import as_of
from approvals.entitlement import keeps, stage_of
from approvals.people import People
from approvals.tables import Action, Decision, Grant, Request
from audit.log import Log
from core.errors import ApprovalError
from core.ids import derive_id

#: How long a permitted action may wait for a worker before it must be asked again.
GRANT_LIFE = timedelta(hours=24)
#: Built once: everything that is begun uses one up.
_CONSUME = (
    update(Grant)
    .where(
        col(Grant.action_id) == bindparam("of"),
        col(Grant.digest) == bindparam("content"),
        col(Grant.consumed_at).is_(None),
        col(Grant.expires_at) > bindparam("now"),
    )
    .values(consumed_at=bindparam("now"))
    .returning(Grant)
)


def mint(session: Session, log: Log, action: Action, *, source: str, now: datetime) -> Grant:
    """Give the action its right; `source` is `policy` or `request:<id>`. One per action, ever.

    Raises `ApprovalError` when the action was not prepared (it has no digest).
    """
    if action.digest is None:
        raise ApprovalError("this was not looked into yet, so it cannot be permitted")
    row = Grant(
        id=derive_id("grant", action.id),
        workspace_id=action.workspace_id,
        action_id=action.id,
        digest=action.digest,
        source=source,
        minted_at=now,
        expires_at=now + GRANT_LIFE,
    )
    session.add(row)
    session.flush()
    _record(session, log, action, row, "minted", "Permitted, once", now)
    return row


def consume(session: Session, log: Log, action: Action, *, now: datetime) -> Grant:
    """Use the right up, in the transaction that begins the execution.

    Raises `ApprovalError` unless it is there, unused, unexpired and for this very content.
    """
    used = {"of": action.id, "content": action.digest or "", "now": now}
    grant = session.scalars(
        _CONSUME,
        used,
        execution_options={"synchronize_session": False, "populate_existing": True},
    ).one_or_none()
    if grant is None:
        stands = session.get(Grant, derive_id("grant", action.id), populate_existing=True)
        raise ApprovalError(_why_not(stands, action, now))
    _record(session, log, action, grant, "consumed", "The permission was used up", now)
    return grant


def expired(session: Session, action: Action, *, now: datetime) -> bool:
    """Whether the right stands unused and its time is over."""
    grant = session.get(Grant, derive_id("grant", action.id), populate_existing=True)
    return grant is not None and grant.consumed_at is None and grant.expires_at <= now


def lapsed(session: Session, people: People, action: Action, *, now: datetime) -> str | None:
    """Why the permission does not hold any more, as a sentence; None while it holds.

    Each stage must still have its quorum among approvals of people who would be heard today.
    """
    if people.by_id(action.principal_id) is None:
        return "the person who asked is not served any more"
    if action.status == "allowed":
        return None  # nobody was asked, so nobody answered
    request = session.exec(select(Request).where(Request.action_id == action.id)).first()
    if request is None:
        return None
    votes = session.exec(
        select(Decision).where(Decision.request_id == request.id, Decision.vote == "approve")
    ).all()
    people = active(session, as_of(session, people, now=now))
    for number in range(len(request.stages)):
        stage = stage_of(request, number)
        heard = [
            vote
            for vote in votes
            if vote.stage == number and keeps(people, action, stage, vote.person_id, vote.for_id)
        ]
        if len(heard) < stage.quorum:
            return "somebody who approved this may not approve it any more"
    return None


def _why_not(grant: Grant | None, action: Action, now: datetime) -> str:
    if grant is None:
        return "nobody permitted this"
    if grant.consumed_at is not None:
        return "this permission was used already"
    if grant.digest != action.digest:
        return "what was permitted is not what would be done now"
    if grant.expires_at <= now:
        return "this permission has expired"
    return "this permission cannot be used"


def _record(  # noqa: PLR0917 - a private call
    session: Session,
    log: Log,
    action: Action,
    grant: Grant,
    what: str,
    reason: str,
    now: datetime,
) -> None:
    log.record(
        session,
        workspace_id=action.workspace_id,
        type=f"approvals:grant:{what}",
        subject=grant.id,
        actor="system:approvals",
        at=now,
        reason=reason,
        turn_id=action.turn_id,
        action_id=action.id,
        versions={"content": grant.digest, "source": grant.source},
    )
