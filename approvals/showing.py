"""Where a question is shown, and what its asker must agree to before it is shown elsewhere.

An approver who cannot read the conversation something was asked in would read there what was meant
for fewer people. So the asker sees first what they will be shown, and nothing is shown before they
agree; until then nobody decides.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, select

from approvals.asking import ask_asker
from approvals.entitlement import eligible, stand_ins
from approvals.keeping_time import begin_stage
from approvals.people import People, Principal
from approvals.policy.judge import REQUESTER
from approvals.stages import Stage
from approvals.tables import Action, Request
from core.posts import ask_post


def hidden_from(
    people: People, action: Action, stages: Sequence[Stage], readers: Collection[str] | None
) -> list[Principal]:
    """Whoever may be asked in any stage, by escalation or in the place of somebody away, and cannot
    read the conversation. `readers` are the Slack ids of those who can now, None where everybody
    can. `people` as of now."""
    if readers is None:
        return []
    able: dict[Principal, None] = {}
    for stage in stages:
        later = replace(stage, escalated=True) if stage.escalate_to else stage
        for person in (*eligible(people, action, stage), *eligible(people, action, later)):
            able |= dict.fromkeys((person, *stand_ins(people, action, stage, person)))
    return [
        person
        for person in able
        if person.id != action.principal_id and person.slack_id not in readers
    ]


def agreed_before(session: Session, action: Action) -> list[str]:
    """Ids of those whom the asker agreed to show what this action takes the place of: they know of
    the matter, and nobody is asked about them again because of what changed in it."""
    if action.supersedes is None:
        return []
    older = select(Request).where(Request.action_id == action.supersedes)
    before = session.exec(older).first()
    return list(before.agreed) if before is not None else []


def present(
    session: Session, people: People, request: Request, action: Action, *, now: datetime
) -> None:
    """Show the question: its card where the policy says, and in the asker's thread its card or how
    it stands. `people` as of now."""
    in_thread = request.cards == "thread" or any(
        Stage.from_json(stage).who == REQUESTER for stage in request.stages
    )
    place = request.cards.partition(":")[2]
    _post(session, request, "card" if in_thread else "status", now=now)
    if place:
        _post(session, request, "card", now=now, n=int(in_thread), channel=place)
    begin_stage(session, people, request, action, now=now)


def withhold(
    session: Session,
    request: Request,
    action: Action,
    hidden: Sequence[Principal],
    *,
    now: datetime,
) -> None:
    """Ask the asker first, where they asked: these people would be shown it."""
    request.withheld = [person.id for person in hidden]
    session.add(request)
    session.flush()
    ask_asker(session, request, action, hidden, now=now)


def _post(
    session: Session,
    request: Request,
    kind: str,
    *,
    now: datetime,
    n: int = 0,
    channel: str | None = None,
) -> None:
    action = session.get_one(Action, request.action_id)
    ask_post(
        session,
        workspace_id=action.workspace_id,
        subject=action.id,
        kind=kind,
        channel=channel or action.channel,
        thread_ts=None if channel else action.thread_ts,
        body={"request_id": request.id},
        now=now,
        n=n,
    )
