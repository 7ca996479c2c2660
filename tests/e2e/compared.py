"""The office's ledger held against its systems' own records, as both stand at a module's end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlmodel import Session, col, func, select

from approvals.people import People
from approvals.policy.file import load_policy
from bot.bootstrap import declare
from core.clock import FileClock
from core.db import Database, open_database
from core.outbox import Outbox, enqueue
from tests.e2e.demo import ROOT, Demo
from tools.findings import open_findings
from tools.tables import Compared

#: Past `tools_reconcile_grace_s` of these tests, and past the time until a job is first swept.
_SETTLED_S = 30.0


@contextmanager
def compared(office: Demo) -> Iterator[None]:
    """It runs within the block; at its end nothing of it disagrees with its systems' records."""
    with office.running():
        yield
        assert disagreements(office) == []


def disagreements(office: Demo, database: str | None = None) -> list[str]:
    """What the reconciler finds when it compares everything now, in its own words."""
    config = ROOT / "config"
    people = People.load(config / "people.yaml")
    clock = FileClock(office.data / "clock")
    registry = declare(people, load_policy(config / "policy.yaml"), clock)
    office.post("clock", {"advance": _SETTLED_S})
    db = open_database(database or f"sqlite:///{Path(office.data) / 'signoff.db'}")
    try:
        with db.transaction() as session:
            for tool in registry.tools:
                if tool.record is not None:
                    enqueue(
                        session,
                        workspace_id=people.workspace_id,
                        job="reconcile",
                        subject=tool.name,
                        key=f"{tool.name}:{uuid4()}",
                        args={"tool_name": tool.name},
                        now=clock.now(),
                    )
        office.post("clock", {"advance": _SETTLED_S})
        office.until(lambda: _none_left(db), "everything to be compared")
        with db.read() as session:
            found = open_findings(session, workspace_id=people.workspace_id)
            rows = {row.tool: row for row in session.exec(select(Compared))}
            names = [tool.name for tool in registry.tools if tool.record is not None]
            behind = [name for name in names if name not in rows or rows[name].failing_since]
            return [row.told for row in found] + [f"{name} was not compared" for name in behind]
    finally:
        db.engine.dispose()


def _none_left(db: Database) -> bool:
    with db.read() as session:
        return _left(session) == 0


def _left(session: Session) -> int:
    query = select(func.count()).where(Outbox.job == "reconcile", col(Outbox.done_at).is_(None))
    return session.exec(query).one()
