"""Votes on a request: one per person, counted stage by stage; the last needed one permits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, func, select

from approvals import grants
from approvals.batches import refresh_batch
from approvals.decided import Decided
from approvals.entitlement import stage_of, whom
from approvals.keeping_time import begin_stage, plan
from approvals.moves import move
from approvals.people import People, Principal
from approvals.policy.judge import Stage, approver_words
from approvals.tables import Action, Decision, Request
from approvals.windows import hold_until
from audit.log import Log
from core.db import insert_once
from core.ids import derive_id
from core.outbox import enqueue
from core.posts import refresh_posts


def cast(
    session: Session,
    request: Request,
    person: Principal,
    places: Sequence[Principal],
    *,
    vote: str,
    reason: str | None,
    now: datetime,
) -> Principal | None:
    """Note this person's vote in the first of these places that is free, and return whose it is;
    None when they have voted on this request before, or all of the places are filled."""
    for place in places:
        row = Decision(
            id=derive_id("dec", request.id, person.id),
            workspace_id=request.workspace_id,
            request_id=request.id,
            stage=request.stage,
            person_id=person.id,
            for_id=place.id,
            vote=vote,
            reason=None if reason is None else reason.replace("\x00", ""),
            at=now,
        )
        if insert_once(session, row):
            return place
    return None


def count(
    session: Session,
    log: Log,
    people: People,
    request: Request,
    action: Action,
    *,
    person: Principal,
    now: datetime,
) -> Decided:
    """What the approval just cast leads to: more votes, the next stage, or the permission.

    `people` as of now.
    """
    stage = stage_of(request)
    votes = _votes(session, request)
    if votes < stage.quorum:
        plan(session, people, request, action, now=now)
        refresh_posts(session, subject=action.id, kind="card", now=now)
        refresh_batch(session, action.id, now=now)
        return Decided("counted", f"Counted. {_missing(stage, votes)}")
    if request.stage + 1 < len(request.stages):
        request.stage += 1
        refresh_batch(session, action.id, now=now)
        begin_stage(session, people, request, action, now=now)
        refresh_posts(session, subject=action.id, kind="card", now=now)
        following = approver_words(stage_of(request).who)
        return Decided("counted", f"Counted. Now it is for {following}.")
    held = hold_until(action.verdict, now=now)
    moved = move(
        session,
        log,
        action,
        "approved",
        now=now,
        actor=person.id,
        reason=f"{person.first_name} approved",
        not_before=held,
    )
    grants.mint(session, log, moved, source=f"request:{request.id}", now=now)
    enqueue(
        session,
        workspace_id=moved.workspace_id,
        job="execute",
        subject=moved.id,
        key=f"{moved.id}:approved",
        args={"action_id": moved.id},
        now=now,
        not_before=held,
    )
    then = "I do it now" if held is None else "I do it in a moment; until then it can be taken back"
    return Decided("approved", f"Approved. {then}.")


def voted(
    session: Session, request: Request, person: Principal, places: Sequence[Principal]
) -> str:
    """What somebody is told who answered before, or whose place somebody else has filled."""
    missing = _missing(stage_of(request), _votes(session, request))
    if session.get(Decision, derive_id("dec", request.id, person.id)) is not None:
        return f"You have answered already. {missing}"
    names = " and ".join("you" if p.id == person.id else p.first_name for p in places)
    return f"Somebody has answered for {names} already. {missing}"


def _votes(session: Session, request: Request) -> int:
    query = select(func.count(col(Decision.id))).where(
        Decision.request_id == request.id,
        Decision.stage == request.stage,
        Decision.vote == "approve",
    )
    return session.exec(query).one()


def _missing(stage: Stage, votes: int) -> str:
    return f"{votes} of {stage.quorum} from {whom(stage)} so far."
