"""A worker process that runs one turn once and is stopped (SIGSTOP) just before its nth write.

It stays stopped for as long as the test likes, longer than its lease say, and then goes on as if
nothing had been. A write is a transaction in SQL or a command to the store of conversations. It is
never stopped within a transaction: on SQLite that stops every other writer too.
"""

from __future__ import annotations

import itertools
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psutil
import redis.connection
from sqlmodel import Session

from core.db import Database, open_database
from tests.dying import forked
from tests.graphs.office import open_office
from tests.llm.rehearsal import Rehearsal

_PATIENCE_S = 60


@dataclass
class Stopped:
    """A worker in the middle of its run."""

    process: BaseProcess

    def wake(self) -> None:
        """Let it go on, to its end."""
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGCONT)
        self.process.join(_PATIENCE_S)
        assert self.process.exitcode == 0
        self.process.close()


def run_until_stopped(
    folder: Path, redis_url: str, model_root: str, turn_id: str, *, at: datetime, nth: int
) -> Stopped | None:
    """One delivery, `at` this time, stopped before its nth write; None when it made fewer."""
    args = (folder, redis_url, model_root, turn_id, at, nth)
    process = forked.Process(target=_run, args=args)
    process.start()
    watched = psutil.Process(process.pid)
    while process.is_alive():
        if watched.status() == psutil.STATUS_STOPPED:
            return Stopped(process)
        process.join(0.01)
    assert process.exitcode == 0
    process.close()
    return None


class _Stopping(Database):
    """A database whose users may be stopped before they begin a transaction."""

    writes: Writes

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        self.writes.next()
        with self.writes.gate, super().transaction() as session:
            yield session


@dataclass
class Writes:
    """Counts the writes of a run; what keeps its lease alive meanwhile does not count."""

    nth: int
    #: Held by whoever is in a transaction: another thread's is ended before all are stopped.
    gate: threading.Lock = field(default_factory=threading.Lock)
    _counted: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def next(self) -> None:
        if threading.current_thread().name == "keepalive":
            return
        if next(self._counted) == self.nth:
            with self.gate:
                os.kill(os.getpid(), signal.SIGSTOP)


def _run(
    folder: Path, redis_url: str, model_root: str, turn_id: str, at: datetime, nth: int
) -> None:
    plain = open_database(f"sqlite:///{folder / 'office.db'}")
    db = _Stopping(plain.engine, folder / "office.db.lock")
    db.writes = Writes(0)
    with open_office(folder, redis_url, Rehearsal(model_root), db) as office:
        office.clock.advance(at - office.clock.now())
        db.writes = Writes(nth)
        _before_each_command(db.writes)
        office.runner().run(turn_id)


def _before_each_command(writes: Writes) -> None:
    send = redis.connection.Connection.send_packed_command

    def sending(self: redis.connection.Connection, command: Any, check_health: bool = True) -> None:
        writes.next()
        send(self, command, check_health)

    for kind in (redis.connection.Connection, redis.connection.UnixDomainSocketConnection):
        kind.send_packed_command = sending  # type: ignore[method-assign]
