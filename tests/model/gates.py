"""Workers that stand still wherever a process can: at every commit and at every call outside.

A worker is a greenlet that runs the product's own code. It stops at each gate, and the model says
what comes next: go on, stay there (a process that was paused), or die: nothing after the gate runs,
and a transaction that was not committed is rolled back. One thread, so every run repeats exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import greenlet
from sqlmodel import Session

from core.db import Database
from tools.bounded import Bounded

T = TypeVar("T")


class Died(BaseException):
    """The process was killed here."""


class Worker:
    """One job under way, and the gate it stands at; None once it has ended or died."""

    def __init__(
        self, job: str, action_id: str, work: Callable[[], object], files: int = 0
    ) -> None:
        self.job, self.action_id = job, action_id
        #: The token under which it has the action, 0 until then; and what the action looked like
        #: before its last commit.
        self.token = 0
        self.before: tuple[Any, ...] = ()
        #: Which form of the files it was started with, and goes by to its end.
        self.files = files
        self.gate: str | None = "begin"
        #: What the gate tells of itself: a request that is about to be sent.
        self.about: Any = None
        self.result: object = None
        self._greenlet = _Greenlet(self, work)

    def go(self, word: Any = None) -> None:
        """Run to the next gate or to the end; `word` is what the gate it stands at is told."""
        at = self._greenlet.switch(word) if self._greenlet.started else self._greenlet.switch()
        self._stand(at)

    def die(self) -> None:
        """Never run anything of it again."""
        if self.gate is not None and self._greenlet.started:
            self._greenlet.throw(Died())
        self.gate = self.about = None

    def _stand(self, at: Any) -> None:
        if self._greenlet.dead:
            self.result, self.gate, self.about = at, None, None
        else:
            self.gate, self.about = at


class _Greenlet(greenlet.greenlet):
    def __init__(self, worker: Worker, work: Callable[[], object]) -> None:
        super().__init__(lambda *_: self._live(work))
        self.worker = worker
        self.started = False

    def switch(self, *args: Any) -> Any:
        self.started = True
        return super().switch(*args)

    @staticmethod
    def _live(work: Callable[[], object]) -> object:
        try:
            return work()
        except Died:
            return "died"


def gate(name: str, about: Any = None) -> Any:
    """Stand here until the model says how to go on; outside of workers nobody stands anywhere."""
    current = greenlet.getcurrent()
    if not isinstance(current, _Greenlet) or current.parent is None:
        return None
    return current.parent.switch((name, about))


def standing_here() -> Worker | None:
    """The worker that runs now; None outside of workers."""
    current = greenlet.getcurrent()
    return current.worker if isinstance(current, _Greenlet) else None


class GatedDatabase(Database):
    """The product's database; a worker stands before and after each of its transactions."""

    #: Counts transactions, so that nothing is read twice that cannot have changed.
    version = 0
    #: Told of each commit of a worker, right before and before anything else can happen.
    about_to: Callable[[Worker], None] | None = None
    told: Callable[[Worker], None] | None = None

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        gate("commit")
        self.version += 1
        worker = standing_here()
        if worker is not None and self.about_to is not None:
            self.about_to(worker)
        with super().transaction() as session:
            yield session
        if worker is not None and self.told is not None:
            self.told(worker)
        gate("committed")


class Inline(Bounded):
    """Calls in the worker itself: here time passes only when the model says so."""

    def __init__(self) -> None:
        super().__init__(max_stuck=1)

    def call(self, work: Callable[[], T], *, timeout_s: float, lane: str = "") -> T:
        return work()
