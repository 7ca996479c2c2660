"""What SQLite needs beyond PostgreSQL: pragmas, its own BEGIN, and a lock that is handed on."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event


def prepare(engine: Engine, synchronous: str, busy_ms: int) -> None:
    """Set every connection up; transactions that write begin with BEGIN IMMEDIATE."""

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, below
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={busy_ms}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA synchronous={synchronous}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        read = connection.get_execution_options().get("signoff_read", False)
        # What only reads stands in no line, so it must not write either.
        connection.connection.driver_connection.execute(f"PRAGMA query_only={int(read)}")
        connection.exec_driver_sql("BEGIN" if read else "BEGIN IMMEDIATE")

    @event.listens_for(engine, "checkin")  # codespell:ignore checkin
    def _checkin(connection: Any, _record: object) -> None:
        # A COMMIT that fails leaves SQLite in its transaction, which SQLAlchemy takes for ended:
        # the next user of the connection could not begin, and nobody else could write.
        if connection is not None and connection.in_transaction:
            connection.rollback()


@contextmanager
def flock(path: Path) -> Iterator[None]:
    """Hold this lock file; waits in turn."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        # Said outright: a process forked meanwhile holds the same file open, and so the lock.
        fcntl.flock(handle, fcntl.LOCK_UN)
        os.close(handle)
