"""The database itself refuses to change or delete what was logged, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Engine

_REFUSAL = "the log is append-only"

#: Table -> what may not be done to its rows. Order is assigned once and never moved.
_GUARDED = {"event": ("UPDATE", "DELETE"), "event_order": ("UPDATE", "DELETE")}

_FUNCTION = f"""
CREATE OR REPLACE FUNCTION signoff_append_only() RETURNS trigger AS $$
BEGIN
    RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'restrict_violation';
END
$$ LANGUAGE plpgsql
"""


def ddl(dialect: str) -> Sequence[str]:
    """The statements for `sqlite` or `postgresql`, each to be run once after the tables exist."""
    if dialect == "postgresql":
        return (_FUNCTION, *(_postgres(table, doing) for table, doing in _pairs()), *_truncates())
    return tuple(_sqlite(table, doing) for table, doing in _pairs())


def install(bind: Engine | Connection) -> None:
    """Create the triggers. On an engine it commits; on a connection the caller does."""
    if isinstance(bind, Engine):
        with bind.begin() as connection:
            install(connection)
        return
    for statement in ddl(bind.dialect.name):
        bind.exec_driver_sql(statement)


def _pairs() -> list[tuple[str, str]]:
    return [(table, doing) for table, doings in _GUARDED.items() for doing in doings]


def _sqlite(table: str, doing: str) -> str:
    return (
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_{doing.lower()} BEFORE {doing} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    )


def _postgres(table: str, doing: str) -> str:
    return (
        f"CREATE OR REPLACE TRIGGER {table}_no_{doing.lower()} BEFORE {doing} ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION signoff_append_only()"
    )


def _truncates() -> list[str]:
    return [
        f"CREATE OR REPLACE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION signoff_append_only()"
        for table in _GUARDED
    ]
