"""A worker process that runs one turn once and is killed just before its nth write."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from tests.dying import Countdown, killed
from tests.graphs.office import open_office
from tests.llm.rehearsal import Rehearsal


def run_until(
    folder: Path, redis_url: str, model_root: str, turn_id: str, *, at: datetime, nth: int
) -> bool:
    """One delivery, at this time, that dies before its nth write. False when it made fewer."""
    return killed(_run, folder, redis_url, model_root, turn_id, at, nth)


def _run(
    folder: Path, redis_url: str, model_root: str, turn_id: str, at: datetime, nth: int
) -> None:
    with open_office(folder, redis_url, Rehearsal(model_root)) as office:
        office.clock.advance(at - office.clock.now())
        countdown = Countdown(nth)
        countdown.commits(office.db.engine)
        countdown.commands()
        office.runner().run(turn_id)
