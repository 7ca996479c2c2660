"""When a question ends, when those who have not answered are reminded, and when it goes to others.

Pure: people, stages and moments in, moments out. Working time is each approver's own. Where several
are asked, a question ends and escalates only when the last of them has had the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from approvals.people import Principal
from approvals.policy.judge import Verdict
from approvals.stages import Stage

#: Nobody is reminded of one stage of one question more often.
MOST_REMINDERS = 3


def expires_at(verdict: Verdict, asked: Iterable[Principal], now: datetime) -> datetime:
    """When a question put now ends: by the clock or in working time, whichever comes first."""
    by_clock = now + timedelta(seconds=verdict.expires_in_s)
    if verdict.expires_working_s is None:
        return by_clock
    seconds = verdict.expires_working_s
    return min(by_clock, max((p.hours.after(now, seconds) for p in asked), default=by_clock))


def reminder_at(stage: Stage, person: Principal, since: datetime, number: int) -> datetime | None:
    """When this person is reminded for the `number`th time (from 1), in their working time."""
    if stage.remind_s is None or number > MOST_REMINDERS:
        return None
    seconds = stage.remind_s * number
    if stage.remind_working:
        return person.hours.next_working(person.hours.after(since, seconds))
    return person.hours.next_working(since + timedelta(seconds=seconds))


def reminders_due(stage: Stage, person: Principal, since: datetime, now: datetime) -> int:
    """How many reminders this person should have had by now."""
    due = 0
    while (at := reminder_at(stage, person, since, due + 1)) is not None and at <= now:
        due += 1
    return due


def escalates_at(stage: Stage, asked: Sequence[Principal], since: datetime) -> datetime | None:
    """When the stage goes to others; None when it does not, or did."""
    if stage.escalate_s is None or stage.escalated:
        return None
    seconds = stage.escalate_s
    if not stage.escalate_working:
        return since + timedelta(seconds=seconds)
    return max((person.hours.after(since, seconds) for person in asked), default=since)


def next_at(
    stage: Stage, awaited: Sequence[Principal], asked: Sequence[Principal], since: datetime,
    now: datetime,
) -> datetime | None:  # fmt: skip
    """When there is next something to do for a question in this stage; None for nothing."""
    moments = [escalates_at(stage, asked, since)]
    for person in awaited:
        due = reminders_due(stage, person, since, now)
        moments.append(reminder_at(stage, person, since, due + 1))
    return min((moment for moment in moments if moment is not None), default=None)
