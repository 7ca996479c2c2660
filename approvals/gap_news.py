"""The owner is told when somebody whom policy asks becomes nobody: once each time it happens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session, select

from approvals.accounts import active
from approvals.directory import as_of
from approvals.gaps import gaps
from approvals.owners import tell_owners
from approvals.people import People
from approvals.people_tables import Gap
from approvals.policy.judge import Policy
from audit.log import Log
from core.db import insert_once
from core.errors import ConfigError

_MEND = (
    "Until somebody is there again, what needs it is refused. Mend config/people.yaml and start me "
    "again, or change the policy."
)
_UNREADABLE = "Until signoff release brings in one that can be used, nothing is judged or done."


def look(
    session: Session, log: Log, policy: Callable[[], Policy], people: People, *, now: datetime
) -> int:
    """Compare whom the policy in force asks with who is there now, tell what is new, and forget
    what is mended; returns how many of both. A policy that this code cannot read asks nobody."""
    query = select(Gap).where(Gap.workspace_id == people.workspace_id)
    known, mend = {row.said: row for row in session.exec(query)}, _MEND
    try:
        found = gaps(policy(), active(session, as_of(session, people, now=now)))
    except ConfigError as error:
        # What else is wrong cannot be seen now, so it stays as it was.
        said, mend = f"The policy in force cannot be used. {error.sentence}", _UNREADABLE
        found = list(dict.fromkeys((*known, said)))
    fresh = [said for said in found if said not in known]
    for said in fresh:
        row = Gap(workspace_id=people.workspace_id, said=said, since=now)
        if insert_once(session, row):
            tell_owners(session, people, said, mend, now=now, occasion=now.isoformat())
            _record(session, log, people, said, now)
    mended = [row for said, row in known.items() if said not in found]
    for row in mended:
        session.delete(row)
        _record(session, log, people, f"Mended: {row.said}", now)
    return len(fresh) + len(mended)


def _record(session: Session, log: Log, people: People, said: str, now: datetime) -> None:
    log.record(
        session,
        workspace_id=people.workspace_id,
        type="approvals:policy:gap",
        subject=people.workspace_id,
        actor="system:approvals",
        at=now,
        reason=said,
    )
