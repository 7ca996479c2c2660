"""Telling the owner what is wrong with the files or the groups, once for each problem."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlmodel import Session

from approvals.people import People
from core.ids import derive_id
from core.posts import ask_post

log = structlog.get_logger()


def tell_owners(
    session: Session, people: People, problem: str, mend: str, *, now: datetime
) -> None:
    """Tell each owner by direct message, once for this problem as long as people.yaml stays as it
    is: what is wrong, and what to do."""
    if not people.owners:
        log.warning("no_owner_to_tell", problem=problem)
    for number, owner in enumerate(people.owners):
        ask_post(
            session,
            workspace_id=people.workspace_id,
            subject=derive_id("mend", people.digest, problem),
            kind="notice",
            channel=owner.slack_id,
            thread_ts=None,
            body={"text": f"{problem} {mend}"},
            now=now,
            n=number,
        )
