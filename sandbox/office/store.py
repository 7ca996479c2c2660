"""The shop's own database: one SQLite file, one transaction per call."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS customers (id TEXT PRIMARY KEY, name TEXT, email TEXT, city TEXT);
CREATE TABLE IF NOT EXISTS products (
  sku TEXT PRIMARY KEY, name TEXT, category TEXT, price INTEGER, stock INTEGER);
CREATE TABLE IF NOT EXISTS orders (
  number TEXT PRIMARY KEY, customer_id TEXT REFERENCES customers, channel TEXT, status TEXT,
  placed_on TEXT, total INTEGER, currency TEXT, method TEXT, tracking TEXT);
CREATE TABLE IF NOT EXISTS lines (
  order_number TEXT REFERENCES orders, sku TEXT REFERENCES products, quantity INTEGER,
  price INTEGER);
CREATE TABLE IF NOT EXISTS payments (
  id TEXT PRIMARY KEY, order_number TEXT REFERENCES orders, amount INTEGER, currency TEXT,
  method TEXT, paid_on TEXT);
CREATE TABLE IF NOT EXISTS refunds (
  id TEXT PRIMARY KEY, order_number TEXT REFERENCES orders, amount INTEGER, currency TEXT,
  reason TEXT, at TEXT, seeded INTEGER);
CREATE TABLE IF NOT EXISTS cancellations (
  refund_id TEXT PRIMARY KEY REFERENCES refunds, key TEXT, at TEXT);
CREATE TABLE IF NOT EXISTS restocks (
  id TEXT PRIMARY KEY, sku TEXT REFERENCES products, quantity INTEGER, reference TEXT, at TEXT,
  stock_after INTEGER);
CREATE TABLE IF NOT EXISTS keys (
  key TEXT PRIMARY KEY, digest TEXT, status INTEGER, answer TEXT, at TEXT);
CREATE TABLE IF NOT EXISTS mails (
  n INTEGER PRIMARY KEY, at TEXT, message_id TEXT, sender TEXT, recipients TEXT, inside INTEGER,
  outside INTEGER);
CREATE TABLE IF NOT EXISTS journal (
  n INTEGER PRIMARY KEY, at TEXT, method TEXT, path TEXT, key TEXT, body TEXT, status INTEGER,
  effect INTEGER);
CREATE INDEX IF NOT EXISTS orders_of ON orders (customer_id);
CREATE INDEX IF NOT EXISTS refunds_of ON refunds (order_number);
CREATE INDEX IF NOT EXISTS restocks_by ON restocks (reference);
"""


class Store:
    """Rows by name. Used from one thread: the office's event loop."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._link = sqlite3.connect(path, isolation_level=None)
        self._link.row_factory = sqlite3.Row
        self._link.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _SCHEMA)

    def close(self) -> None:
        self._link.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing of what is written inside."""
        self._link.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._link.execute("ROLLBACK")
            raise
        self._link.execute("COMMIT")

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        return [dict(row) for row in self._link.execute(sql, values)]

    def row(self, sql: str, *values: object) -> dict[str, Any] | None:
        found = self._link.execute(sql, values).fetchone()
        return dict(found) if found else None

    def number(self, sql: str, *values: object) -> int:
        return int(self._link.execute(sql, values).fetchone()[0] or 0)

    def write(self, sql: str, *values: object) -> None:
        self._link.execute(sql, values)

    def insert(self, table: str, **columns: object) -> None:
        """One row. Table and column names are ours, never a caller's."""
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        self._link.execute(
            f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608
            tuple(columns.values()),
        )
