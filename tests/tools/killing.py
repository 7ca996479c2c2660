"""Workers killed with SIGKILL at a named place."""

from __future__ import annotations

import os
from pathlib import Path

import worker
from road import Road
from till import Till

from core.faultpoints import arm
from tests.dying import killed


def killed_at(
    place: str, road: Road, till: Till, clock_file: Path, action_id: str, job: str = ""
) -> None:
    """Run a worker that dies at this place, and see that it did."""
    folder = clock_file.with_name("faultpoints")
    url = road.db.engine.url.render_as_string(hide_password=False)
    died = arm(folder, place)
    assert killed(_work, str(folder), url, till.url, str(clock_file), action_id, job)
    assert died.exists()


def _work(folder: str, *order: str) -> None:
    os.environ["SIGNOFF_FAULTPOINTS"] = folder
    worker.main(*order)
