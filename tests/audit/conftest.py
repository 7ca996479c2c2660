"""A log with a key, and a short way to write to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from audit.keys import KeyRing
from audit.log import Log
from core.db import Database

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(keys=KeyRing.load_or_create(tmp_path / "signoff.key"))


Write = Callable[..., str]


@pytest.fixture
def write(db: Database, log: Log) -> Write:
    """Record one event in its own transaction and return its id."""

    def record(type: str = "approvals:action:proposed", **values: Any) -> str:
        given: dict[str, Any] = {
            "workspace_id": "T",
            "type": type,
            "subject": "act_1",
            "actor": "ana",
            "at": NOW,
            **values,
        }
        with db.transaction() as session:
            return log.record(session, **given)

    return record
