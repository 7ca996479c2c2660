"""Who was in Slack's user groups at a time in the past: what Slack had told by then.

A row for each change, with the time at which it was learned; the newest one before a moment is what
was true then. None among the members means that Slack had stopped telling, so nobody was believed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, select

from approvals.people import People
from approvals.people_tables import UserGroupThen
from core.db import insert_once


def note(
    session: Session,
    *,
    workspace_id: str,
    group_id: str,
    members: Iterable[str] | None,
    now: datetime,
) -> bool:
    """Keep who is in this group from now on; False when that is what was known already."""
    kept = None if members is None else sorted(members)
    query = (
        select(UserGroupThen)
        .where(UserGroupThen.workspace_id == workspace_id, UserGroupThen.id == group_id)
        .order_by(col(UserGroupThen.at).desc())
        .limit(1)
    )
    last = session.exec(query).first()
    if last is not None and last.members == kept:
        return False
    if last is not None and last.at == now:
        last.members = kept
        session.add(last)
        return True
    row = UserGroupThen(id=group_id, workspace_id=workspace_id, at=now, members=kept)
    return insert_once(session, row)


class GroupsThen:
    """Every change of this workspace's user groups, for looking at many moments."""

    def __init__(self, rows: Iterable[UserGroupThen] = ()) -> None:
        self._times: list[datetime] = []
        #: What was known from each of these times on; before the first of them, nothing.
        self._known: list[Mapping[str, list[str] | None]] = [{}]
        for row in sorted(rows, key=lambda each: (each.at, each.id)):
            self._times.append(row.at)
            self._known.append({**self._known[-1], row.id: row.members})

    @classmethod
    def load(cls, session: Session, *, workspace_id: str) -> GroupsThen:
        query = select(UserGroupThen).where(UserGroupThen.workspace_id == workspace_id)
        return cls(session.exec(query).all())

    def epoch(self, at: datetime) -> int:
        """The same number for moments between which nothing changed."""
        return bisect_right(self._times, at)

    def told(self, people: People, epoch: int) -> People:
        """These people with the members of then of the user groups they name. A group that was not
        looked at by then has no members and no reason why (`knew`)."""
        known = self._known[epoch]
        found = {
            name: tuple(known[group_id] or ())
            for name, group_id in people.usergroups.items()
            if group_id in known
        }
        return replace(people, group_members=found)

    def knew(self, people: People, epoch: int, usergroup: str) -> bool:
        """Whether anything was known by then of who is in this group; a name that is nobody's in
        people.yaml is known to be nobody."""
        group_id = people.usergroups.get(usergroup)
        return group_id is None or group_id in self._known[epoch]
