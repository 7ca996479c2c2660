"""Which policy is in force: a row per version, the file being the first (ADR 0015).

`signoff release` takes the file in; an approved `signoff.set_policy` adds a version. Every
judgement reads the newest one, so a change counts in every process from its commit on.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from pathlib import Path

from sqlmodel import Session, col, select

from approvals.config_texts import keep_text, kept_text
from approvals.policy.file import parse_policy
from approvals.policy.judge import Policy
from approvals.rights_tables import PolicyVersion
from audit.log import Log
from core.configfile import text_digest
from core.db import Database, insert_once
from core.errors import ApprovalError

#: Who brought a version in: the file at a release, or an action.
FROM_FILE = "file"


class PolicyInForce:
    """The policy that counts now, for every judgement of one process."""

    def __init__(self, db: Database, *, workspace_id: str, file: Policy) -> None:
        """`file` counts as long as no version was ever taken in."""
        self._db, self._workspace_id, self._file = db, workspace_id, file

    def __call__(self) -> Policy:
        with self._db.read() as session:
            return current(session, workspace_id=self._workspace_id, file=self._file)


def current(session: Session, *, workspace_id: str, file: Policy) -> Policy:
    """The policy of the newest version; `file` where there is none. Raises `ConfigError` where
    this code cannot read it: then nothing is judged."""
    newest = newest_version(session, workspace_id=workspace_id)
    if newest is None or newest.digest == file.digest:
        return file
    return _parsed(current_text(session, workspace_id=workspace_id))


def current_text(session: Session, *, workspace_id: str) -> str:
    """The text of the version in force. Raises `ApprovalError` where there is none."""
    newest = newest_version(session, workspace_id=workspace_id)
    digest = "" if newest is None else newest.digest
    text = kept_text(session, workspace_id=workspace_id, digest=digest)
    if text is None:
        raise ApprovalError("No policy was taken in yet: run signoff release.")
    return text


def newest_version(session: Session, *, workspace_id: str) -> PolicyVersion | None:
    """The version in force; None before the first release."""
    query = (
        select(PolicyVersion)
        .where(PolicyVersion.workspace_id == workspace_id)
        .order_by(col(PolicyVersion.number).desc())
        .limit(1)
    )
    return session.exec(query).first()


def take_in_file(
    session: Session, log: Log, *, workspace_id: str, text: str, now: datetime
) -> bool:
    """The file becomes the version in force when it differs from the file taken in last.

    So a deploy with a changed file wins over what was approved since, and one with the same file
    leaves it in force. False when nothing changed.
    """
    query = (
        select(PolicyVersion.digest)
        .where(PolicyVersion.workspace_id == workspace_id, PolicyVersion.source == FROM_FILE)
        .order_by(col(PolicyVersion.number).desc())
    )
    if session.exec(query).first() == text_digest(text):
        return False
    bring_in(
        session, log, workspace_id=workspace_id, text=text, source=FROM_FILE,
        by="system:release", now=now,
    )  # fmt: skip
    return True


def bring_in(
    session: Session,
    log: Log,
    *,
    workspace_id: str,
    text: str,
    source: str,
    by: str,
    now: datetime,
) -> str:
    """Put this text in force; its digest. From one source but the file, once.

    Raises `ApprovalError` when another version came in at the same moment.
    """
    parse_policy(text, Path("policy.yaml"))
    digest = keep_text(session, workspace_id=workspace_id, kind="policy", text=text, now=now)
    same = select(PolicyVersion).where(
        PolicyVersion.workspace_id == workspace_id, PolicyVersion.source == source
    )
    if source != FROM_FILE and session.exec(same).first() is not None:
        return digest
    newest = newest_version(session, workspace_id=workspace_id)
    row = PolicyVersion(
        workspace_id=workspace_id,
        number=1 if newest is None else newest.number + 1,
        digest=digest,
        source=source,
        by=by,
        at=now,
    )
    if not insert_once(session, row):
        raise ApprovalError("The policy was changed at this very moment. Look again.")
    log.record(
        session,
        workspace_id=workspace_id,
        type="approvals:policy:in_force",
        subject=digest,
        actor=by,
        at=now,
        reason=f"Policy version {row.number} is in force",
        action_id=None if source == FROM_FILE else source,
        versions={"policy": digest},
    )
    return digest


@lru_cache(8)
def _parsed(text: str) -> Policy:
    return parse_policy(text, Path("policy.yaml"))
