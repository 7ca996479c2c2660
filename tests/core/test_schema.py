"""The schema that Alembic makes is the one the code declares, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect
from sqlalchemy import text as sql
from sqlmodel import SQLModel

from audit import triggers
from core.db import Database, open_database
from core.schema import HEAD, SchemaBehind, alembic_config, migrate, require_current


def test_the_migrations_make_what_the_tables_declare(empty_db: Database) -> None:
    migrate(empty_db)

    with empty_db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = compare_metadata(context, SQLModel.metadata)
    assert found == []


def test_the_version_named_is_the_newest_script(empty_db: Database) -> None:
    with empty_db.engine.connect() as connection:
        scripts = ScriptDirectory.from_config(alembic_config(connection))

    assert scripts.get_heads() == [HEAD]


def test_the_migrations_install_every_trigger_of_the_log(empty_db: Database) -> None:
    migrate(empty_db)
    with empty_db.engine.connect() as connection:
        migrated = _triggers(connection)
        for table in reversed(SQLModel.metadata.sorted_tables):
            table.drop(connection)
        SQLModel.metadata.create_all(connection)
        triggers.install(connection)
        declared = _triggers(connection)

    assert migrated == declared
    assert migrated


def test_migrating_twice_changes_nothing_and_a_database_behind_is_refused(
    empty_db: Database,
) -> None:
    with pytest.raises(SchemaBehind, match="signoff release"):
        require_current(empty_db)

    first, second = migrate(empty_db), migrate(empty_db)

    require_current(empty_db)
    assert first == second


def test_a_path_with_a_space_and_a_percent_sign_serves(tmp_path: Path) -> None:
    db = open_database(f"sqlite:///{tmp_path / 'with space 100%' / 'x.db'}")

    migrate(db)

    assert "action" in inspect(db.engine).get_table_names()


def _triggers(connection: Connection) -> set[str]:
    if connection.dialect.name == "sqlite":
        query = "SELECT name || ': ' || sql FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = (
            "SELECT DISTINCT trigger_name || event_manipulation FROM information_schema.triggers"
        )
    return {" ".join(str(row[0]).split()) for row in connection.execute(sql(query))}
