"""Where a question is shown, and what its asker must agree to before it is shown elsewhere.

An approver who cannot read the conversation something was asked in would read there what was meant
for fewer people. So the asker sees first what they will be shown, and nothing is shown before they
agree; until then nobody decides.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session, select

from approvals.actions import cancel
from approvals.entitlement import eligible
from approvals.keeping_time import begin_stage
from approvals.people import People, Principal
from approvals.policy import REQUESTER
from approvals.stages import Stage
from approvals.tables import Action, Request
from audit.log import Log
from core.posts import ask_post, refresh_posts


@dataclass(frozen=True)
class Shown:
    """Whether it is shown (or withdrawn) now, and the sentence for whoever pressed."""

    done: bool
    sentence: str


def hidden_from(
    people: People, action: Action, stages: Sequence[Stage], readers: Collection[str] | None
) -> list[Principal]:
    """Whoever may be asked and cannot read the conversation. `readers` are the Slack ids of those
    who can, None where everybody can. `people` as of now."""
    if readers is None:
        return []
    able: dict[Principal, None] = {}
    for stage in stages:
        later = replace(stage, escalated=True) if stage.escalate_to else stage
        for person in (*eligible(people, action, stage), *eligible(people, action, later)):
            able |= dict.fromkeys((person, *people.deciding_for(person.id)))
    return [
        person
        for person in able
        if person.id != action.principal_id and person.slack_id not in readers
    ]


def agreed_before(
    session: Session, people: People, action: Action, hidden: Sequence[Principal]
) -> bool:
    """Whether the asker agreed that these people see what this action takes the place of: then they
    know of the matter, and nobody is asked again because of what changed in it."""
    older = select(Request).where(Request.action_id == action.supersedes)
    before = session.exec(older).first() if action.supersedes else None
    if before is None or before.withheld is not None:
        return False
    stages = [Stage.from_json(stage) for stage in before.stages]
    known = hidden_from(people, session.get_one(Action, before.action_id), stages, before.readers)
    return set(hidden) <= set(known)


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
    hidden: Sequence[Principal],
    *,
    now: datetime,
) -> None:
    """Ask the asker first, where they asked: these people would be shown it."""
    request.withheld = [person.id for person in hidden]
    session.add(request)
    session.flush()
    _post(session, request, "disclosure", now=now)


def disclose(
    session: Session,
    log: Log,
    people: People,
    *,
    request_id: str,
    person: Principal,
    agrees: bool,
    now: datetime,
) -> Shown:
    """The asker agrees that it is shown, or drops what they asked for. `people` as of now."""
    query = select(Request).where(Request.id == request_id).with_for_update()
    request = session.exec(query.execution_options(populate_existing=True)).one()
    action = session.get_one(Action, request.action_id, populate_existing=True)
    if person.id != action.principal_id:
        return Shown(False, "Only the person who asked for this can say whether it is shown.")
    if request.status != "pending" or request.withheld is None:
        return Shown(False, "You have answered this already, or its time is over.")
    if not agrees:
        reason = f"{person.first_name} did not want it shown to others"
        cancel(session, log, action, now=now, actor=person.id, reason=reason)
        return Shown(True, "Dropped. Nobody was shown anything.")
    names = [people.by_id(one) for one in request.withheld]
    shown = ", ".join(one.first_name for one in names if one)
    request.withheld = None
    log.record(
        session,
        workspace_id=request.workspace_id,
        type="approvals:request:disclosed",
        subject=request.id,
        actor=person.id,
        at=now,
        reason=f"{person.first_name} agreed that this is shown to {shown}",
        turn_id=action.turn_id,
        action_id=action.id,
    )
    present(session, people, request, action, now=now)
    refresh_posts(session, subject=action.id, kind="disclosure", now=now)
    return Shown(True, f"Shown to {shown}.")


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
