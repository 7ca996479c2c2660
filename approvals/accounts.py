"""Whether those whom policy asks are still active members in Slack: asked again and again.

A click by anybody else is refused anyway, at the click. This is for seeing beforehand that nobody
is left to click: then nothing is put to them, and the owner is told. And what somebody approved
whose account was closed before it began is asked anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session

from approvals.people import People, Principal
from approvals.people_tables import Accounts
from approvals.policy.judge import Policy
from audit.log import Log
from core.db import insert_once
from core.outbox import enqueue

#: How often Slack is asked.
EVERY = timedelta(minutes=10)
JOB = "read_accounts"


def active(session: Session, people: People) -> People:
    """These people with what Slack last told of their accounts."""
    row = session.get(Accounts, people.workspace_id)
    return replace(people, inactive=frozenset(row.inactive)) if row and row.inactive else people


def ask_due(session: Session, people: People, *, now: datetime) -> int:
    """Queue the reading when its time has come; the first is due some minutes after the first
    start."""
    row = session.get(Accounts, people.workspace_id)
    if row is None:
        insert_once(session, Accounts(workspace_id=people.workspace_id, asked_at=now, inactive=[]))
        return 0
    if row.asked_at + EVERY > now:
        return 0
    row.asked_at = now
    session.add(row)
    return enqueue(
        session,
        workspace_id=people.workspace_id,
        job=JOB,
        subject=people.workspace_id,
        key=f"{people.workspace_id}:{now.isoformat()}",
        args={"workspace_id": people.workspace_id},
        now=now,
    )


def to_look_at(policy: Policy, people: People) -> list[Principal]:
    """Everybody whom this policy may ask, each once. `people` as of now."""
    found = [person for who in sorted(policy.everybody_asked) for person in people.meant(who)]
    return list(dict.fromkeys(found))


def store(
    session: Session,
    log: Log,
    people: People,
    *,
    looked_at: Iterable[Principal],
    inactive: Iterable[Principal],
    now: datetime,
) -> None:
    """Keep what Slack told of these; who was not looked at stays as they were."""
    row = session.get(Accounts, people.workspace_id, with_for_update=True, populate_existing=True)
    if row is None:
        return
    gone = {person.id for person in inactive}
    before, looked = set(row.inactive), {person.id for person in looked_at}
    after = (before - looked) | gone
    row.inactive, row.read_at = sorted(after), now
    session.add(row)
    session.flush()
    for person_id in sorted(before ^ after):
        left = person_id in after
        log.record(
            session,
            workspace_id=people.workspace_id,
            type="approvals:account:read",
            subject=person_id,
            actor="system:approvals",
            at=now,
            reason=f"{_name(people, person_id)} is {'no' if left else 'an'} active member in Slack"
            f"{' any more' if left else ' again'}",
        )


def _name(people: People, person_id: str) -> str:
    person = people.by_id(person_id)
    return person.first_name if person else person_id
