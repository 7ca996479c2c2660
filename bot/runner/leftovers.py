"""What a killed runner left running: found by its pid files and ended before the next start."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

_GONE_S = 5.0


def end_leftovers(data: Path) -> None:
    """SIGKILL every process group that a pid file under `data` names and that is of this folder.

    Only a runner that was killed leaves pid files. Waits until they are gone, so that their ports
    are free.
    """
    ours: set[int] = set()
    for path in (data / "run").glob("*.pid"):
        with contextlib.suppress(ValueError, OSError):
            ours.add(int(path.read_text()))
        path.unlink(missing_ok=True)
    groups = {group for group in _groups_of(data) if group in ours}
    for group in groups:
        kill_group(group)
    deadline = time.monotonic() + _GONE_S
    while groups & set(_groups_of(data)) and time.monotonic() < deadline:
        time.sleep(0.02)


def kill_group(leader: int) -> None:
    """SIGKILL the process that leads this group and all it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _groups_of(data: Path) -> Iterator[int]:
    """Groups of the processes that name this folder in their environment.

    A pid may have been given to somebody else meanwhile, and a worker's pool may outlive the
    parent whose pid was written down: the group's id stays.
    """
    mark = f"SIGNOFF_DATA={data}\0".encode()
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (place / "environ").read_bytes():
                yield os.getpgid(int(place.name))
