"""The schema's version: brought up to date by `signoff release`, checked by everybody else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, MetaData, inspect, text
from sqlalchemy.exc import InterfaceError, OperationalError

from core.db import Database
from core.errors import StorageError

if TYPE_CHECKING:
    from alembic.config import Config

#: The newest script under `migrations/versions`: what this code was written for. Alembic itself is
#: imported only to migrate; every process checks this at its start.
HEAD = "0001"


class SchemaBehind(StorageError):
    """The database is not up to date. Run `signoff release` first."""


def alembic_config(connection: Connection, metadata: MetaData | None = None) -> Config:
    """Alembic's configuration for this connection; the scripts lie in this package."""
    from alembic.config import Config

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
    from alembic import command

    with _connected(db) as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(719640)")
        command.upgrade(alembic_config(connection), "head")
        connection.commit()
        return _current(connection) or ""


def require_current(db: Database) -> None:
    """Raise `SchemaBehind` unless the database is at the version this code was written for."""
    with _connected(db) as connection:
        if _current(connection) != HEAD:
            raise SchemaBehind()


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _connected(db: Database) -> Connection:
    try:
        return db.engine.connect()
    except (OperationalError, InterfaceError) as error:
        raise StorageError(
            "The database cannot be reached. Check DATABASE_URL and that the server is running."
        ) from error
