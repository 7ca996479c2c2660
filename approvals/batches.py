"""Questions alike are offered together: one message lists them all, one answer decides each.

Alike are open questions of the same tool and rules, in the same stage, with the same people asked.
What a batch lists never changes: nobody decides what was not there when they read it. Each of its
questions is decided by itself, as if its own card had been used, which stands as before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from approvals.people import People, Principal
from approvals.policy.judge import REQUESTER
from approvals.stages import Stage
from approvals.tables import Action, Batch, Request
from audit.log import Log
from core.ids import derive_id
from core.posts import ask_post, refresh_posts

#: Fewer than these are not worth a message more; more than these would not be read.
FEWEST, MOST = 3, 10
#: A burst is waited out, so that what comes together is listed together.
WINDOW = timedelta(seconds=4)


def likeness(
    action: Action, request: Request, stage: Stage, awaited: Sequence[Principal]
) -> str | None:
    """The same for questions that may be answered together; None for one that stands alone."""
    # Where not everybody can read it, its asker agreed to cards for some, and to nothing else.
    if stage.who == REQUESTER or not awaited or request.readers is not None:
        return None
    verdict = action.verdict or {}
    asked = sorted(person.id for person in awaited)
    return derive_id(
        "like", request.workspace_id, action.tool, *verdict.get("rules", ()), request.stage,
        stage.who, stage.quorum, *asked,
    )  # fmt: skip


def offer_due(session: Session, log: Log, people: People, *, now: datetime) -> int:
    """Offer what is alike and open together, where nobody has yet; returns how many batches."""
    query = (
        select(Request.workspace_id, Request.likeness)
        .where(
            Request.status == "pending",
            col(Request.likeness).is_not(None),
            col(Request.batch_id).is_(None),
            Request.expires_at > now,
        )
        .group_by(col(Request.workspace_id), col(Request.likeness))
        .having(func.count() >= FEWEST)
    )
    return sum(
        _offer(session, log, people, workspace_id, str(same), now)
        for workspace_id, same in session.exec(query).all()
    )


def refresh_batch(session: Session, action_id: str, *, now: datetime) -> None:
    """Have the batch that lists this action's question drawn anew, if there is one."""
    query = select(Request.batch_id).where(Request.action_id == action_id)
    batch_id = session.exec(query).first()
    if batch_id is not None:
        refresh_posts(session, subject=batch_id, kind="batch", now=now)


def _offer(  # noqa: PLR0917 - a private call
    session: Session, log: Log, people: People, workspace_id: str, same: str, now: datetime
) -> bool:
    rows = session.exec(
        select(Request)
        .where(
            Request.status == "pending",
            Request.workspace_id == workspace_id,
            Request.likeness == same,
            col(Request.batch_id).is_(None),
        )
        .order_by(col(Request.created_at), col(Request.id))
        .limit(MOST)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    recent = [row for row in rows if row.stage_at + WINDOW > now]
    if len(rows) < FEWEST or (recent and len(rows) < MOST):
        return False
    batch = Batch(
        id=derive_id("batch", rows[0].stage, *(row.id for row in rows)),
        workspace_id=workspace_id,
        request_ids=[row.id for row in rows],
        stage=rows[0].stage,
        created_at=now,
    )
    session.add(batch)
    for row in rows:
        row.batch_id = batch.id
        session.add(row)
    session.flush()
    found = map(people.by_id, rows[0].awaited)
    asked = [person for person in found if person is not None]
    for number, person in enumerate(asked):
        ask_post(
            session,
            workspace_id=workspace_id,
            subject=batch.id,
            kind="batch",
            channel=person.slack_id,
            thread_ts=None,
            body={},
            now=now,
            n=number,
        )
    log.record(
        session,
        workspace_id=workspace_id,
        type="approvals:batch:offered",
        subject=batch.id,
        actor="system:approvals",
        at=now,
        reason=f"Offered {len(rows)} alike together to {', '.join(p.first_name for p in asked)}",
        versions={"requests": batch.request_ids},
    )
    return True
