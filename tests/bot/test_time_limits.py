"""A call that hangs so that nothing of Python runs is ended; its record stays, and it goes on."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from bot.broker import Doorbell
from core.clock import SystemClock
from core.db import Database
from core.outbox import Message, Outbox
from tests.bot.test_broker import _as_kombu_says
from tests.graphs.store import private_store

HERE = Path(__file__).parent
TOOLS = HERE.parent / "tools"


@pytest.mark.chaos
@pytest.mark.parametrize("empty_db", ["sqlite"], indirect=True)
def test_a_child_ended_at_its_limit_is_counted_and_its_action_goes_on_by_its_lease(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(TOOLS))
    from road import Road
    from till import running

    with running() as till, private_store() as store:
        road = Road.over(db, SystemClock(), till.url)
        action_id = road.propose("till.order", sku="SKU-1", quantity=1)
        assert road.prepare_only(action_id) == "allowed"
        worker = subprocess.Popen(
            [
                sys.executable,
                HERE / "stuck_worker.py",
                db.engine.url.render_as_string(hide_password=False),
                till.url,
                _as_kombu_says(store),
            ],
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join((str(TOOLS), str(HERE.parent.parent))),
            },
        )
        ring = Doorbell(store)
        try:
            ring([Message("execute", {"action_id": action_id})])
            failures = _counted(db)
        finally:
            worker.terminate()
            worker.wait(30)
            ring.close()
        standing = road.row(action_id)
        road.set(action_id, lease_until=road.clock.now(), sent_by=LONG_AGO)
        ended = road.execute(action_id)

        assert failures == 1
        assert (standing.status, standing.attempt, standing.outcome) == ("executing", 1, None)
        assert ended == "succeeded"
        assert (till.calls("/order"), till.effects("/order")) == (1, 1)


LONG_AGO = SystemClock().now() - timedelta(hours=1)


def _counted(db: Database) -> int:
    """How many failed tries its queue row tells of, once it tells of any."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        with db.read() as session:
            row = session.exec(select(Outbox).where(Outbox.job == "execute")).one()
        if row.failures:
            return row.failures
        time.sleep(0.1)
    raise AssertionError("nobody counted the failure")
