"""What a killed runner left running: found by its pid files and ended before the next start."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

_GONE_S = 5.0


def end_leftovers(data: Path) -> None:
    """SIGKILL every process group that a pid file under `data` names and that is of this folder.

    Only a runner that was killed leaves pid files. Waits until they are gone, so that their ports
    are free.
    """
    named: set[int] = set()
    for path in (data / "run").glob("*.pid"):
        with contextlib.suppress(ValueError, OSError):
            named.add(int(path.read_text()))
        path.unlink(missing_ok=True)
    left = {pid: group for pid, group in _processes_of(data).items() if group in named}
    for group in set(left.values()):
        kill_group(group)
    deadline = time.monotonic() + _GONE_S
    while any(_runs(pid) for pid in left) and time.monotonic() < deadline:
        time.sleep(0.02)


def kill_group(leader: int) -> None:
    """SIGKILL the process that leads this group and all it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _processes_of(data: Path) -> Mapping[int, int]:
    """pid -> group of the processes that name this folder in their environment.

    A pid may have been given to somebody else meanwhile, and a worker's pool may outlive the
    parent whose pid was written down: the group's id stays.
    """
    mark = f"SIGNOFF_DATA={data}\0".encode()
    found: dict[int, int] = {}
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (place / "environ").read_bytes():
                found[int(place.name)] = os.getpgid(int(place.name))
    return found


def _runs(pid: int) -> bool:
    """False once it is gone or wholly a zombie: only then are its ports free. A dying process loses
    its environment before that, and its first thread is a zombie while others still end."""
    place = Path(f"/proc/{pid}")
    try:
        state = (place / "stat").read_text().rpartition(")")[2].split()[0]
        return state not in ("Z", "X") or len(list((place / "task").iterdir())) > 1
    except OSError:
        return False
