"""Bulkheads: one connector whose system hangs never holds all processes of a tool worker.

Each connector has fewer places than the pool has processes. A place is a file lock that the process
holds while it works for the connector: it costs no statement, and is free again the moment its
process ends, however it ends. Who finds none puts the work off and takes up something else.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from tools.breakers import connector_of

#: Most calls are over sooner than this: so long a place is waited for before the work is put off.
PATIENCE_S = 0.25
#: So long nobody waits again for a place that none was found of.
_FULL_S = 1.0
_POLL_S = 0.01
#: When work that found no place is tried again.
COME_BACK = timedelta(seconds=1)


class Lanes:
    """The places of one pool of processes. `most` is how many of them one connector may hold."""

    def __init__(self, folder: Path, *, most: int, patience_s: float = PATIENCE_S) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._most, self._patience_s = folder, most, patience_s
        self._full_until: dict[str, float] = {}

    @classmethod
    def of_pool(cls, folder: Path, processes: int) -> Lanes:
        """One process stays free of each connector, where there is more than one."""
        return cls(folder, most=max(processes - 1, 1))

    @contextmanager
    def enter(self, tool_name: str) -> Iterator[bool]:
        """Whether there is a place for this tool's connector; it is held until the block ends."""
        held = self._wait_for(connector_of(tool_name))
        try:
            yield held is not None
        finally:
            if held is not None:
                os.close(held)

    def _wait_for(self, connector: str) -> int | None:
        now = time.monotonic()
        until = now if self._full_until.get(connector, 0.0) > now else now + self._patience_s
        while (held := self._take(connector)) is None:
            if time.monotonic() >= until:
                self._full_until[connector] = time.monotonic() + _FULL_S
                return None
            time.sleep(_POLL_S)
        self._full_until.pop(connector, None)
        return held

    def _take(self, connector: str) -> int | None:
        for number in range(self._most):
            place = os.open(self._folder / f"{connector}.{number}", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(place)
            else:
                return place
        return None


class NoLanes(Lanes):
    """Places for everybody: where there is one process, or none that could hang."""

    def __init__(self) -> None:
        """Nothing is kept."""

    @contextmanager
    def enter(self, tool_name: str) -> Iterator[bool]:
        """Always."""
        yield True
