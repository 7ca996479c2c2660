"""policy.yaml and people.yaml kept as they were, by digest, so that old verdicts can be redone."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

import structlog
from sqlmodel import Session, select

from approvals.people import People
from approvals.rights_tables import ConfigText
from core.configfile import text_digest
from core.db import insert_once
from core.errors import ConfigError

log = structlog.get_logger()


def keep_text(
    session: Session,
    *,
    workspace_id: str,
    kind: Literal["policy", "people"],
    text: str,
    now: datetime,
) -> str:
    """Keep this text, unless it was kept before; its digest."""
    digest = text_digest(text)
    row = ConfigText(workspace_id=workspace_id, kind=kind, digest=digest, text=text, kept_at=now)
    insert_once(session, row)
    return digest


def kept_text(session: Session, *, workspace_id: str, digest: str) -> str | None:
    """The text that has this digest; None where it was never kept."""
    row = session.get(ConfigText, (workspace_id, digest))
    return None if row is None else row.text


def kept_people(session: Session, *, workspace_id: str) -> dict[str, People]:
    """Every people.yaml that was ever in use, by digest; without those nobody can read now."""
    query = select(ConfigText).where(
        ConfigText.workspace_id == workspace_id, ConfigText.kind == "people"
    )
    found = {}
    for row in session.exec(query):
        try:
            found[row.digest] = People.parse(row.text, Path("people.yaml"))
        except ConfigError as error:
            log.warning("kept_people_unreadable", digest=row.digest, why=error.sentence)
    return found
