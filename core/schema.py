"""The schema's version: brought up to date by `signoff release`, checked by everybody else."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData
from sqlalchemy.exc import InterfaceError, OperationalError

from core.db import Database
from core.errors import StorageError


class SchemaBehind(StorageError):
    """The database is not up to date. Run `signoff release` first."""


def alembic_config(connection: Connection, metadata: MetaData | None = None) -> Config:
    """Alembic's configuration for this connection; the scripts lie in this package."""
    config = Config()
    # Alembic interpolates with ConfigParser: a path with a percent sign must double it.
    config.set_main_option(
        "script_location", str(Path(__file__).parent / "migrations").replace("%", "%%")
    )
    config.attributes["connection"] = connection
    config.attributes["metadata"] = metadata
    return config


def migrate(db: Database) -> str:
    """Bring the database to the newest version and return it. Safe to run by several at once."""
    with _connected(db) as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(719640)")
        command.upgrade(alembic_config(connection), "head")
        connection.commit()
        return _current(connection) or ""


def require_current(db: Database) -> None:
    """Raise `SchemaBehind` unless the database is at the version this code was written for."""
    with _connected(db) as connection:
        head = ScriptDirectory.from_config(alembic_config(connection)).get_current_head()
        if _current(connection) != head:
            raise SchemaBehind()


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _connected(db: Database) -> Connection:
    try:
        return db.engine.connect()
    except (OperationalError, InterfaceError) as error:
        raise StorageError(
            "The database cannot be reached. Check DATABASE_URL and that the server is running."
        ) from error
