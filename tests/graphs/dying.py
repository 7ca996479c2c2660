"""A worker process that runs one turn once and is killed just before its nth write.

A write is a commit in SQL or a command to the store of conversations: between any two of them a
process may die, so `n` walks through all the places there are. Forked from a process that has its
imports, because there are many.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import redis.connection
from sqlalchemy import event

from tests.graphs.office import open_office
from tests.llm.rehearsal import Rehearsal

_spawn = multiprocessing.get_context("forkserver")
_spawn.set_forkserver_preload([__name__])
_PATIENCE_S = 60


def run_until(
    folder: Path, redis_url: str, model_root: str, turn_id: str, *, at: datetime, nth: int
) -> bool:
    """One delivery, `at` this time, that dies before its nth write. False when it made fewer."""
    args = (folder, redis_url, model_root, turn_id, at, nth)
    process = _spawn.Process(target=_run, args=args)
    process.start()
    process.join(_PATIENCE_S)
    code = process.exitcode
    process.close()
    assert code in (0, -signal.SIGKILL)
    return code != 0


def _run(
    folder: Path, redis_url: str, model_root: str, turn_id: str, at: datetime, nth: int
) -> None:
    with open_office(folder, redis_url, Rehearsal(model_root)) as office:
        office.clock.advance(at - office.clock.now())
        writes = itertools.count(1)
        event.listen(office.db.engine, "commit", lambda _: _die_at(writes, nth))
        _before_each_command(writes, nth)
        office.runner().run(turn_id)


def _before_each_command(writes: Iterator[int], nth: int) -> None:
    send = redis.connection.Connection.send_packed_command

    def sending(self: redis.connection.Connection, command: Any, check_health: bool = True) -> None:
        _die_at(writes, nth)
        send(self, command, check_health)

    for kind in (redis.connection.Connection, redis.connection.UnixDomainSocketConnection):
        kind.send_packed_command = sending  # type: ignore[method-assign]


def _die_at(writes: Iterator[int], nth: int) -> None:
    if next(writes) == nth:
        os.kill(os.getpid(), signal.SIGKILL)
