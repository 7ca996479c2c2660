"""Bulkheads: one connector whose system hangs never holds all processes of a tool worker.

Each connector has fewer places than the pool has processes. A place is a file lock that the process
holds while it works for the connector: it costs no statement, and is free again the moment its
process ends, however it ends. Who finds none puts the work off and takes up something else.

Connectors that are slow hold no more than that together either: however many of them hang at once,
a process is left, once each is known to be slow.
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
#: Work that takes longer makes its connector a slow one, while it lasts and for a while after.
SLOW_S = 3.0
_REMEMBERED_S = 60.0
#: When work that found no place is tried again.
COME_BACK = timedelta(seconds=1)


class Lanes:
    """The places of one pool of processes. `most` is how many of them one connector may hold."""

    def __init__(
        self, folder: Path, *, most: int, patience_s: float = PATIENCE_S, slow_s: float = SLOW_S
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._most, self._patience_s = folder, most, patience_s
        self._slow_s = slow_s
        self._full_until: dict[str, float] = {}

    @classmethod
    def of_pool(cls, folder: Path, processes: int) -> Lanes:
        """One process stays free of each connector, where there is more than one."""
        return cls(folder, most=max(processes - 1, 1))

    @contextmanager
    def enter(self, tool_name: str) -> Iterator[bool]:
        """Whether there is a place for this tool's connector; it is held until the block ends."""
        connector = connector_of(tool_name)
        held = self._wait_for(connector)
        began = time.monotonic()
        try:
            yield held is not None
        finally:
            if held is not None:
                if time.monotonic() - began > self._slow_s:
                    self._known_slow(connector).touch()
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
        for path in self._places(connector):
            place = self._lock(path)
            if place is None:
                continue
            os.utime(place)  # since when it is held
            # Taken first and counted then: of two that come at once, one at least sees the other.
            if self._is_slow(connector, but=path) and self._held_by_slow(but=path) >= self._most:
                os.close(place)
                return None
            return place
        return None

    def _is_slow(self, connector: str, *, but: Path) -> bool:
        """Whether work for it took long lately, or does so now."""
        return self._age(self._known_slow(connector)) < _REMEMBERED_S or any(
            self._hangs(path) for path in self._places(connector) if path != but
        )

    def _held_by_slow(self, *, but: Path) -> int:
        connectors = {path.stem for path in self._folder.iterdir()}
        slow = [one for one in connectors if self._is_slow(one, but=but)]
        held = [path for one in slow for path in self._places(one) if path != but]
        return sum(self._is_held(path) for path in held)

    def _hangs(self, path: Path) -> bool:
        return self._age(path) > self._slow_s and self._is_held(path)

    def _is_held(self, path: Path) -> bool:
        place = self._lock(path)
        if place is not None:
            os.close(place)
        return place is None

    def _lock(self, path: Path) -> int | None:
        place = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(place)
            return None
        return place

    def _places(self, connector: str) -> list[Path]:
        return [self._folder / f"{connector}.{number}" for number in range(self._most)]

    def _known_slow(self, connector: str) -> Path:
        return self._folder / f"{connector}.slow"

    def _age(self, path: Path) -> float:
        try:
            return time.time() - path.stat().st_mtime
        except FileNotFoundError:
            return float("inf")


class NoLanes(Lanes):
    """Places for everybody: where there is one process, or none that could hang."""

    def __init__(self) -> None:
        """Nothing is kept."""

    @contextmanager
    def enter(self, tool_name: str) -> Iterator[bool]:
        """Always."""
        yield True
