"""A practice workspace with the real app in it, over both of Slack's transports."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog

from approvals.people import People
from core.clock import HeldClock
from core.db import Database
from tests.bot.desk import Desk
from tests.bot.opening import CONFIG, opened, sqlite


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    # structlog's own default draws every exception with its locals, which takes seconds.
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )


@pytest.fixture
def people() -> People:
    return People.load(CONFIG / "people.yaml")


@pytest.fixture(params=["socket", "http"])
async def desk(
    request: pytest.FixtureRequest, db: Database, clock: HeldClock, people: People, tmp_path: Path
) -> AsyncIterator[Desk]:
    """The app in the workspace, once over Socket Mode and once over signed HTTP."""
    async with opened(request.param, db, clock, people, tmp_path) as made:
        yield made


@pytest.fixture
async def any_desk(
    db: Database, clock: HeldClock, people: People, tmp_path: Path
) -> AsyncIterator[Desk]:
    """The same over HTTP alone, on both databases."""
    async with opened("http", db, clock, people, tmp_path) as made:
        yield made


@pytest.fixture
async def one_desk(clock: HeldClock, people: People, tmp_path: Path) -> AsyncIterator[Desk]:
    """The same over HTTP and on SQLite, where transport and database make no difference."""
    db = sqlite(tmp_path)
    async with opened("http", db, clock, people, tmp_path) as made:
        yield made
    db.engine.dispose()
