"""A worker in a process of its own, to be killed: prepares and executes one action, or does one
other job about it, then ends."""

from __future__ import annotations

from pathlib import Path

from road import Road

from core.clock import FileClock
from core.db import open_database
from tools.together import Together
from tools.undo_news import UndoNews


def main(url: str, till_url: str, clock_file: str, action_id: str, job: str = "") -> None:
    road = Road.over(open_database(url), FileClock(Path(clock_file)), till_url)
    other = {"keep_together": Together, "undo_changed": UndoNews}.get(job)
    if other is not None:
        print(other(road.deps).run(action_id))
    else:
        print(road.prepare(action_id), road.execute(action_id))
