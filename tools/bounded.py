"""Calls into connectors, bounded in time: a connector that hangs never hangs a worker.

Each call runs in a daemon thread that is joined for the tool's deadline. Python cannot end a
thread, so one that overran is left behind and counted; too many of them in one lane, and further
calls there are refused before they are sent. A connector is a lane: one that hangs leaves the
others theirs.
"""

from __future__ import annotations

import contextvars
import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Generic, TypeVar

from tools.contract import Unavailable

T = TypeVar("T")


class Overrun(Unavailable):
    """The other system took too long to answer."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"The other system did not answer within {seconds:g} seconds.", reached=True
        )


class Bounded:
    """Runs calls under a deadline. Safe to share between threads."""

    def __init__(self, *, max_stuck: int) -> None:
        self._max_stuck = max_stuck
        self._stuck: dict[str, list[threading.Thread]] = defaultdict(list)
        self._lock = threading.Lock()

    def call(self, work: Callable[[], T], *, timeout_s: float, lane: str = "") -> T:
        """What `work` returns or raises; `Overrun` when it takes longer than `timeout_s`.

        Raises `Unavailable(reached=False)` while too many earlier calls of the lane still hang.
        """
        self._refuse_when_stuck(lane)
        box: _Box[T] = _Box(work)
        context = contextvars.copy_context()
        thread = threading.Thread(
            target=lambda: context.run(box.fill), name="tool-call", daemon=True
        )
        thread.start()
        thread.join(timeout_s)
        if thread.is_alive():
            with self._lock:
                self._stuck[lane].append(thread)
            raise Overrun(timeout_s)
        return box.open()

    def _refuse_when_stuck(self, lane: str) -> None:
        with self._lock:
            self._stuck[lane] = [thread for thread in self._stuck[lane] if thread.is_alive()]
            if len(self._stuck[lane]) >= self._max_stuck:
                raise Unavailable("Too many earlier calls still hang.", reached=False)


class _Box(Generic[T]):
    """Carries a result or an error from one thread to another."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._results: list[T] = []
        self._error: BaseException | None = None

    def fill(self) -> None:
        try:
            self._results.append(self._work())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self._error = error

    def open(self) -> T:
        if self._error is not None:
            raise self._error
        return self._results[0]
