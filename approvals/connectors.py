"""Which connectors were let into this installation, by name, version and what their tools declare.

The first release lets in what comes with it. What comes later, another version too, is refused
until an action of its own, approved by an operator, lets it in. Versions are let in beside one
another, so that workers of two releases can act at the same time; none is ever taken out: a policy
that denies its tools does that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from approvals.rights_tables import AdmittedConnector
from audit.log import Log
from core.db import insert_once

ADMIT = "signoff.admit_connector"
#: Signoff's own: without it nothing could be let in, and it reaches no other system.
OURS = "signoff"
#: What the first release let in has no action.
FROM_RELEASE = "release"


@dataclass(frozen=True)
class Offered:
    """A connector as this code declares it; `tools` as `tools.admitting.declared` spells them."""

    name: str
    version: str
    tools: tuple[str, ...]


def admit(
    session: Session, log: Log, offered: Offered, *, workspace_id: str, source: str, by: str,
    now: datetime,
) -> str:  # fmt: skip
    """Let exactly these tools be used from now on; `source` is the action's id. The name and
    version in words. Doing it again changes nothing."""
    row = AdmittedConnector(
        workspace_id=workspace_id,
        source=source,
        name=offered.name,
        version=offered.version,
        tools=list(offered.tools),
        at=now,
    )
    said = f"{offered.name} {offered.version}"
    if insert_once(session, row):
        log.record(
            session,
            workspace_id=workspace_id,
            type="approvals:connector:admitted",
            subject=said,
            actor=by,
            at=now,
            reason=f"The connector {said} may be used",
            action_id=None if source.startswith(FROM_RELEASE) else source,
            body={"tools": list(offered.tools)},
        )
    return said


def admit_first(
    session: Session, log: Log, every: Sequence[Offered], *, workspace_id: str, now: datetime
) -> list[str]:
    """Where nothing was let in yet, all of these are. Otherwise nothing changes, and what returns
    is which of them wait to be let in, in words."""
    if admitted(session, workspace_id=workspace_id):
        late = waiting(session, every, workspace_id=workspace_id)
        return [f"{each.name} {each.version}" for each in late]
    for each in every:
        admit(
            session, log, each, workspace_id=workspace_id, source=f"{FROM_RELEASE}:{each.name}",
            by="system:release", now=now,
        )  # fmt: skip
    return []


def admitted(session: Session, *, workspace_id: str) -> frozenset[str]:
    """Every tool that may be used, spelled as it was declared when it was let in."""
    query = select(col(AdmittedConnector.tools)).where(
        AdmittedConnector.workspace_id == workspace_id
    )
    return frozenset(tool for tools in session.exec(query) for tool in tools)


def waiting(session: Session, every: Sequence[Offered], *, workspace_id: str) -> list[Offered]:
    """Those of these with a tool that was not let in as it is declared now."""
    known = admitted(session, workspace_id=workspace_id)
    return [each for each in every if not _is_known(each, known)]


def _is_known(offered: Offered, known: frozenset[str]) -> bool:
    return offered.name == OURS or known.issuperset(offered.tools)
