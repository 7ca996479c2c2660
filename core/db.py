"""One engine and short transactions, on SQLite and PostgreSQL (ADR 0003).

Services take a session and never commit; jobs and nodes open `transaction()`, never across a call
to a model, a tool or Slack.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Column, DateTime, Dialect, Engine, Table, create_engine, make_url
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, Session, SQLModel

from core.errors import SignoffError, StorageError
from core.sqlite import flock, prepare

_AFTER_COMMIT = "signoff_after_commit"
#: Where a session carries the callable that takes outbox messages once they are committed.
WAKE = "signoff_wake"


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in and out; SQLite, which knows no zones, keeps it naive."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise SignoffError("a time without a zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def json_field(nullable: bool = False) -> Any:
    """A table's field of plain JSON, to be given unless it is `nullable`."""
    return Field(default=None, sa_column=Column(JSON, nullable=nullable))


class Database:
    """Transactions over one engine. Safe to share between threads, not between forked processes."""

    def __init__(self, engine: Engine, lock_path: Path | None = None) -> None:
        self.engine = engine
        # Made once: each making costs as much as a statement.
        self._binds = {read: engine.execution_options(signoff_read=read) for read in (False, True)}
        self._lock_path = lock_path
        #: Takes outbox messages after their commit; set by the bootstrap (`Relay.wake`).
        self.wake: Callable[[Sequence[Any]], None] | None = None
        #: Set by the process that acknowledges: on SQLite its transactions stand in no line.
        self.urgent = False
        self._local = threading.local()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One write transaction: commits at the end of the block, rolls back on any error.

        Functions given to `after_commit(session, f)` run once the commit stands. An unreachable
        database raises `StorageError`. Not reentrant.
        """
        if getattr(self._local, "inside", False):
            raise SignoffError("a transaction inside a transaction")
        self._local.inside = True
        try:
            with self._writer_lock(), self._session(read=False) as session:
                yield session
                session.commit()
                hooks = list(session.info.get(_AFTER_COMMIT, ()))
        finally:
            self._local.inside = False
        for hook in hooks:
            hook()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading; whatever it holds is rolled back at the end.

        SQLite refuses to write in it (`StorageError`): writers stand in line for that.
        """
        with self._session(read=True) as session:
            yield session

    @contextmanager
    def _session(self, *, read: bool) -> Iterator[Session]:
        with Session(self._binds[read], expire_on_commit=False) as session:
            session.info[WAKE] = self.wake
            try:
                yield session
            except (OperationalError, InterfaceError, InternalError) as error:
                # The last is also a server that was made a standby: it takes no writes any more.
                raise StorageError() from error

    @contextmanager
    def _writer_lock(self) -> Iterator[None]:
        # SQLite's own busy waiting starves a small commit behind busy writers for seconds; the
        # kernel hands a flock on in turn. Only the first of the line waits for the writers' lock,
        # so that who need not stand in line waits for one or two transactions (ADR 0010).
        with ExitStack() as held:
            if self._lock_path is not None:
                if not self.urgent:
                    held.enter_context(flock(self._lock_path.with_suffix(".line")))
                held.enter_context(flock(self._lock_path))
            yield


def after_commit(session: Session, hook: Callable[[], None]) -> None:
    """Run `hook` once this session's transaction is committed; never when it is not."""
    session.info.setdefault(_AFTER_COMMIT, []).append(hook)


def insert_once(session: Session, row: SQLModel) -> bool:
    """Insert the row unless one with the same key stands there. True when it was inserted."""
    table = type(row).__table__  # type: ignore[attr-defined]
    return bool(_insert(session, table, [{c.key: getattr(row, c.key) for c in table.columns}]))


def insert_new(
    session: Session, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]
) -> set[str]:
    """Insert those rows whose keys stand nowhere yet, in one statement; the ids of those inserted.

    Each row gives the same columns; those not given take their defaults. Making no objects, it
    takes a quarter of the time of `insert_once` for each.
    """
    if not rows:
        return set()
    return _insert(session, model.__table__, rows)  # type: ignore[attr-defined]


def _insert(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    statement = _insert_statement(table, session.get_bind().dialect.name)
    # By what it returns, because psycopg's count of inserted rows is not kept (it reads -1).
    return set(session.connection().execute(statement, rows).scalars())


@cache
def _insert_statement(table: Table, dialect: str) -> Any:
    # Built once per table: building it took longer than the database takes to run it.
    insert: Any = pg_insert if dialect == "postgresql" else sqlite_insert
    return insert(table).on_conflict_do_nothing().returning(*table.primary_key)


def open_database(url: str, *, synchronous: str = "NORMAL", busy_ms: int = 30_000) -> Database:
    """A database for `sqlite:///path` or `postgresql+psycopg://…`; connects lazily.

    `synchronous` is SQLite's own setting (NORMAL survives the death of processes, FULL of power).
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_size=10
        )
        return Database(engine)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise StorageError(f"DATABASE_URL: use sqlite:///path or postgresql://…, not {url!r}")
    path = Path(parsed.database)
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, pool_size=20, max_overflow=20)
    prepare(engine, synchronous, busy_ms)
    return Database(engine, path.with_name(path.name + ".lock"))
