"""The people as they are now: who stands in for whom, and who is in Slack's user groups.

`config/people.yaml` says who there is; who is away and who belongs to a user group changes while
we run and lies in SQL. Whatever asks who may decide asks `as_of` first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from approvals.people import People
from approvals.people_tables import Delegation, UserGroup

#: What Slack told longer ago than this is not believed: then nobody of the group may decide.
STALE = timedelta(minutes=15)


def as_of(session: Session, people: People, *, now: datetime) -> People:
    """These people with what is true of them at this moment."""
    found: dict[str, tuple[str, ...]] = {}
    problems: dict[str, str] = {}
    if people.usergroups:
        found, problems = _user_groups(session, people, now)
    return replace(
        people,
        stand_ins=_stand_ins(session, people, now),
        group_members=found,
        group_problems=problems,
    )


def _stand_ins(session: Session, people: People, now: datetime) -> Mapping[str, tuple[str, ...]]:
    rows = session.exec(
        select(Delegation.person_id, Delegation.delegate_id)
        .where(
            Delegation.workspace_id == people.workspace_id,
            col(Delegation.ended_at).is_(None),
            Delegation.since <= now,
            Delegation.until > now,
        )
        .order_by(col(Delegation.created_at), col(Delegation.id))
    ).all()
    written = [(a.person_id, a.delegate_id) for a in people.away if a.since <= now < a.until]
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for person_id, delegate_id in [*rows, *written]:
        found[delegate_id][person_id] = None
    return {delegate: tuple(away) for delegate, away in found.items()}


def _user_groups(
    session: Session, people: People, now: datetime
) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    rows = session.exec(
        select(UserGroup).where(
            UserGroup.workspace_id == people.workspace_id,
            col(UserGroup.id).in_(people.usergroups.values()),
        )
    ).all()
    by_id = {row.id: row for row in rows}
    found, problems = {}, {}
    for name, group_id in people.usergroups.items():
        row = by_id.get(group_id)
        if row is None or row.read_at is None or row.read_at + STALE <= now:
            why = row.problem if row is not None and row.problem else "Slack has not told who is in"
            problems[name] = f"{why} user group {name}"
        else:
            found[name] = tuple(row.members)
    return found, problems
