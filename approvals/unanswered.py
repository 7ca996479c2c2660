"""A question to the asker, whether something is shown to others, that nobody answers: they are
reminded, and what ends meanwhile says that it was not answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from approvals.asking import remind_asker
from approvals.entitlement import stage_of, whom
from approvals.noting import note
from approvals.people import People
from approvals.stages import Stage
from approvals.tables import Action, Disclosure, Request
from approvals.timing import reminders_due
from audit.log import Log

#: Where the policy says nothing of reminders: after half of its time, and after this at most.
_AT_MOST = timedelta(hours=4)


def remind_askers(session: Session, log: Log, people: People, *, now: datetime) -> int:
    """Remind whoever has not said whether it may be shown, as often as approvers would be; returns
    how many reminders are owed now."""
    query = (
        select(Disclosure, Request, Action)
        .join(Request, col(Request.id) == col(Disclosure.request_id))
        .join(Action, col(Action.id) == col(Request.action_id))
        .where(
            Disclosure.workspace_id == people.workspace_id,
            Disclosure.status == "asked",
            Request.status == "pending",
            Request.expires_at > now,
        )
        .with_for_update(skip_locked=True, of=Disclosure)
    )
    owed = 0
    for row, request, action in session.exec(query).all():
        asker = people.by_id(action.principal_id)
        if asker is None:
            continue
        number = reminders_due(_stage(request, row), asker, row.asked_at, now)
        if number and remind_asker(session, row, asker, number=number, now=now):
            said = f"Reminded {asker.first_name}, who has yet to say whether it may be shown"
            note(session, log, action, "reminded", said, actor="system:approvals", now=now)
            owed += 1
    return owed


def why_unanswered(session: Session, request: Request) -> str:
    """Why this request's time ran out, as a sentence without its end."""
    if request.withheld is not None:
        return "It was not said in time whether those who decide may see it, so nobody was asked"
    reason = f"Nobody answered in time (asked {whom(stage_of(request))}"
    query = select(Disclosure.id).where(
        Disclosure.request_id == request.id, Disclosure.status == "asked"
    )
    if session.exec(query).first() is None:
        return f"{reason})"
    return f"{reason}; whether others may see it was not said either)"


def _stage(request: Request, row: Disclosure) -> Stage:
    stage = stage_of(request)
    if stage.remind_s is not None:
        return stage
    after = min(_AT_MOST, (request.expires_at - row.asked_at) / 2)
    return replace(stage, remind_s=max(1, int(after.total_seconds())), remind_working=False)
