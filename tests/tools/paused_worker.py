"""A worker that stops itself (SIGSTOP), and goes on when woken: between its last look at the facts
and the transaction that claims (`claim`), or between its intent and its send (`send`).

python paused_worker.py DATABASE_URL TILL_URL CLOCK_FILE ACTION_ID claim|send
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from road import Road
from sqlmodel import Session
from till_tools import connector

from core.clock import FileClock
from core.db import Database, open_database
from tools.bounded import Bounded
from tools.registry import Registry


def main(url: str, till_url: str, clock_file: str, action_id: str, before: str) -> None:
    road = Road.over(open_database(url), FileClock(Path(clock_file)), till_url)
    if before == "claim":
        print(road.changed(db=Stopping(road.db.engine, road.db._lock_path)).execute(action_id))
        return
    made = connector(till_url)
    tools = tuple(_stopping(tool) if tool.name == "till.order" else tool for tool in made.tools)
    registry = Registry.of([replace(made, tools=tools)])
    paused = road.changed(registry=registry, bounded=Patient(max_stuck=1))
    print(paused.execute(action_id))


class Stopping(Database):
    """Stops the process where its first transaction would begin."""

    stopped = False

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        if not self.stopped:
            self.stopped = True
            os.kill(os.getpid(), signal.SIGSTOP)
        with super().transaction() as session:
            yield session


class Patient(Bounded):
    """Its deadline does not run out while the whole process is stopped."""

    def call(self, work: Any, *, timeout_s: float, lane: str = "") -> Any:
        return super().call(work, timeout_s=600.0, lane=lane)


def _stopping(tool: Any) -> Any:
    def run(args: Any, call: Any) -> Any:
        """Order goods."""
        os.kill(os.getpid(), signal.SIGSTOP)
        return tool.run(args, call)

    return replace(tool, run=run)


if __name__ == "__main__":
    main(*sys.argv[1:])
