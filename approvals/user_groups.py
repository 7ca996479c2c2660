"""Slack's user groups as approvers: who is in one is asked of Slack again and again, kept in SQL
with its time, and believed for a while only. Changes are events."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from approvals import groups_then
from approvals.directory import STALE
from approvals.owners import tell_owners
from approvals.people import People
from approvals.people_tables import UserGroup
from audit.log import Log
from core.db import insert_once
from core.outbox import enqueue

#: How often Slack is asked: several times before what it told is stale.
EVERY = timedelta(minutes=4)
_MEND = (
    "Until I know, nobody of it may approve. Check its id under usergroups in config/people.yaml, "
    "and that the app has the scope usergroups:read."
)


def ask_due(session: Session, people: People, *, now: datetime) -> int:
    """Queue the reading of each user group whose time has come; returns how many."""
    if not people.usergroups:
        return 0
    rows = session.exec(select(UserGroup).where(UserGroup.workspace_id == people.workspace_id))
    asked = {row.id: row for row in rows}
    queued = 0
    for group_id in dict.fromkeys(people.usergroups.values()):
        row = asked.get(group_id)
        if row is not None and row.asked_at + EVERY > now:
            continue
        if row is None:
            row = UserGroup(id=group_id, workspace_id=people.workspace_id, members=[], asked_at=now)
            if not insert_once(session, row):
                continue
        else:
            row.asked_at = now
            session.add(row)
        queued += enqueue(
            session,
            workspace_id=people.workspace_id,
            job="read_usergroup",
            subject=group_id,
            key=f"{group_id}:{now.isoformat()}",
            args={"group_id": group_id},
            now=now,
        )
    return queued


def store(
    session: Session, log: Log, people: People, *, group_id: str, members: Iterable[str],
    now: datetime,
) -> None:  # fmt: skip
    """Keep what Slack told: the Slack ids of everybody in this group."""
    row = _row(session, people, group_id)
    if row is None:
        return
    before, after = set(row.members), set(members)
    first = row.read_at is None
    row.members, row.read_at, row.problem = sorted(after), now, None
    session.add(row)
    session.flush()
    _then(session, people, group_id, after, now)
    if before != after or first:
        _record(session, log, people, group_id, _change(people, group_id, before, after), now)


def fail(
    session: Session, log: Log, people: People, *, group_id: str, problem: str, gone: bool,
    now: datetime,
) -> None:  # fmt: skip
    """Note that Slack did not tell. What it told before holds until it is stale, unless the group
    is `gone`. The owner is told when nobody may approve because of it."""
    row = _row(session, people, group_id)
    if row is None:
        return
    row.problem = problem
    if gone:
        row.read_at, row.members = None, []
    session.add(row)
    session.flush()
    if row.read_at is None or row.read_at + STALE <= now:
        _then(session, people, group_id, [] if gone else None, now)
        said = f"{problem} user group {_name(people, group_id)}."
        # Once for each time that Slack stopped telling.
        occasion = f"{people.digest} {group_id} {row.read_at}"
        if tell_owners(session, people, said, _MEND, now=now, occasion=occasion):
            _record(session, log, people, group_id, said, now)


def _then(
    session: Session, people: People, group_id: str, members: Iterable[str] | None, now: datetime
) -> None:
    """For those who judge the past again (`signoff policy try`)."""
    groups_then.note(
        session, workspace_id=people.workspace_id, group_id=group_id, members=members, now=now
    )


def _row(session: Session, people: People, group_id: str) -> UserGroup | None:
    query = (
        select(UserGroup)
        .where(UserGroup.id == group_id, col(UserGroup.workspace_id) == people.workspace_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return session.exec(query).first()


def _change(people: People, group_id: str, before: set[str], after: set[str]) -> str:
    def named(ids: set[str]) -> str:
        found = [p.first_name for p in map(people.by_slack, sorted(ids)) if p is not None]
        strangers = len(ids) - len(found)
        return ", ".join([*found, *([f"{strangers} not in people.yaml"] if strangers else [])])

    parts = [f"in it now: {named(after) or 'nobody'}"]
    if before - after:
        parts.append(f"no more: {named(before - after)}")
    return f"User group {_name(people, group_id)}: {'; '.join(parts)}"


def _name(people: People, group_id: str) -> str:
    return next((name for name, id in people.usergroups.items() if id == group_id), group_id)


def _record(  # noqa: PLR0917 - a private call
    session: Session, log: Log, people: People, group_id: str, reason: str, now: datetime
) -> None:
    log.record(
        session,
        workspace_id=people.workspace_id,
        type="approvals:usergroup:read",
        subject=group_id,
        actor="system:approvals",
        at=now,
        reason=reason,
    )
