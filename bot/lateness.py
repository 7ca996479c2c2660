"""Digests that did not come in their time: an event, and a word to who owns them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from approvals.people import People, Principal
from audit.log import Log
from bot.schedules import stop_of
from bot.tables import Schedule, ScheduleRun
from bot.words import day_time
from core.ids import derive_id
from core.posts import Post, ask_post, post_id

_MEND = "/signoff status says what holds it; /signoff digest in the channel writes one of today."


def tell_late(
    session: Session,
    log: Log,
    people: People,
    within: Mapping[str, timedelta],
    *,
    now: datetime,
) -> int:
    """Log each digest that is due for longer than its automation may take (`within`, by name) and
    tell its owner, or the operators where it has none; once each. How many were new."""
    query = (
        select(ScheduleRun, Schedule)
        .join(Schedule, col(Schedule.id) == col(ScheduleRun.schedule_id))
        .where(Schedule.workspace_id == people.workspace_id, ScheduleRun.status == "due")
        .order_by(col(ScheduleRun.due_at))
    )
    new = 0
    for run, schedule in session.exec(query):
        longest = within.get(schedule.automation)
        if longest is None or now - run.due_at <= longest or stop_of(session, schedule):
            continue
        new += _tell(session, log, people, run, schedule, now=now)
    return new


def _tell(
    session: Session,
    log: Log,
    people: People,
    run: ScheduleRun,
    schedule: Schedule,
    *,
    now: datetime,
) -> bool:
    subject = derive_id("late", run.id)
    if session.get(Post, post_id(subject, "notice")) is not None:
        return False
    log.record(
        session,
        workspace_id=people.workspace_id,
        type="bot:digest:late",
        subject=run.id,
        actor="system:keeper",
        at=now,
        reason=f"The digest {schedule.automation} was due at {run.due_at:%Y-%m-%d %H:%M} UTC "
        "and is not written yet",
    )
    owner = people.by_id(schedule.owner) if schedule.owner else None
    told = [owner] if owner else [person for person in people.everyone if person.operator]
    for number, person in enumerate(told):
        ask_post(
            session,
            workspace_id=people.workspace_id,
            subject=subject,
            kind="notice",
            n=number,
            channel=person.slack_id,
            thread_ts=None,
            body={"text": _sentence(run, schedule, person, now)},
            now=now,
        )
    return True


def _sentence(run: ScheduleRun, schedule: Schedule, person: Principal, now: datetime) -> str:
    due = day_time(run.due_at, person.tz, now)
    return f"The digest {schedule.automation} was due {due} and is not written yet. {_MEND}"
