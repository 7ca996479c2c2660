"""Telling the owner what is wrong with the files or the groups, once for each problem."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlmodel import Session

from approvals.people import People
from core.ids import derive_id
from core.posts import Post, ask_post

log = structlog.get_logger()


def tell_owners(
    session: Session, people: People, problem: str, mend: str, *, now: datetime, occasion: str = ""
) -> bool:
    """Tell each owner by direct message, once for this problem as long as people.yaml stays as it
    is (once for each `occasion` where one is named): what is wrong, and what to do. False when it
    was told before, or there is nobody to tell."""
    if not people.owners:
        log.warning("no_owner_to_tell", problem=problem)
        return False
    subject = derive_id("mend", occasion or people.digest, problem)
    if session.get(Post, derive_id("post", subject, "notice", 0)) is not None:
        return False
    for number, owner in enumerate(people.owners):
        ask_post(
            session,
            workspace_id=people.workspace_id,
            subject=subject,
            kind="notice",
            channel=owner.slack_id,
            thread_ts=None,
            body={"text": f"{problem} {mend}"},
            now=now,
            n=number,
        )
    return True
