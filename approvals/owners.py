"""Telling the owner what is wrong with the files or the groups, once for each problem."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlmodel import Session

from approvals.people import People
from core.ids import derive_id
from core.notices import tell
from core.posts import Post

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
    owners, team = [owner.slack_id for owner in people.owners], people.workspace_id
    tell(session, owners, f"{problem} {mend}", workspace_id=team, subject=subject, now=now)
    return True
