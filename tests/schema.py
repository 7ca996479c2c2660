"""Every table and trigger in a new database at once: thousands of tests begin with one.

What makes them is worked out once for each process; declaring them anew took most tests longer than
what they test.
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import create_mock_engine
from sqlalchemy.dialects import postgresql
from sqlmodel import SQLModel

import audit.triggers
from core.db import Database, open_database


def fill(empty: Database) -> None:
    """Put every table and trigger into this database, which nobody has connected to yet."""
    url = empty.engine.url
    if url.get_backend_name() == "sqlite":
        assert url.database is not None
        Path(url.database).write_bytes(_sqlite_file())
        return
    with empty.engine.begin() as connection:
        # The driver itself takes many statements at once, where none has parameters.
        connection.connection.driver_connection.execute(_postgres_script())  # type: ignore[union-attr]


@cache
def _sqlite_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new.db"
        made = open_database(f"sqlite:///{path}")
        SQLModel.metadata.create_all(made.engine)
        audit.triggers.install(made.engine)
        made.engine.dispose()  # the last to leave puts all of it into the one file
        return path.read_bytes()


@cache
def _postgres_script() -> str:
    dialect, said = postgresql.dialect(), []  # type: ignore[no-untyped-call]

    def say(statement: Any, *_values: Any, **_more: Any) -> None:
        said.append(str(statement.compile(dialect=dialect)))

    SQLModel.metadata.create_all(create_mock_engine("postgresql://", say), checkfirst=False)
    return ";\n".join([*said, *audit.triggers.ddl("postgresql")])
