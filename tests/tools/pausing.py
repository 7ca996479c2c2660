"""A worker that is stopped (SIGSTOP) at a place, for tests that wake it again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Literal

from road import Road
from till import Till

HERE = Path(__file__).parent


def paused_before(
    place: Literal["claim", "send"], road: Road, till: Till, clock_file: Path, action_id: str
) -> subprocess.Popen[str]:
    """A worker that executes this action, stopped before it claims it or before it sends."""
    url = road.db.engine.url.render_as_string(hide_password=False)
    worker = subprocess.Popen(
        [sys.executable, HERE / "paused_worker.py", url, till.url, clock_file, action_id, place],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(HERE), str(HERE.parent.parent)))},
        stdout=subprocess.PIPE,
        text=True,
    )
    _until_stopped(worker.pid)
    return worker


def woken(worker: subprocess.Popen[str]) -> str:
    """What it says the action came to, once it goes on."""
    os.kill(worker.pid, signal.SIGCONT)
    said, _ = worker.communicate(timeout=60)
    assert worker.returncode == 0
    return said.splitlines()[-1]  # after what it logged


def _until_stopped(pid: int) -> None:
    stat = Path(f"/proc/{pid}/stat")
    for _ in range(3_000):
        if stat.read_text().rpartition(")")[2].split()[0] == "T":
            return
        time.sleep(0.02)
    raise AssertionError("the worker did not stop itself")
