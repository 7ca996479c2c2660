"""Publishes what was just committed, from a thread of its own (ADR 0003)."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Sequence

import structlog

from core.outbox import Message, Publish

#: Enough for one round trip; the rest takes the next.
_TOGETHER = 100

log = structlog.get_logger()


class Relay:
    """A thread that publishes what was just committed, so that a hung broker blocks nobody.

    What it cannot publish it drops with a warning: the row stays open and the sweeper has it.
    """

    def __init__(self, publish: Publish, *, capacity: int = 10_000) -> None:
        self._publish = publish
        self._queue: queue.Queue[Sequence[Message] | None] = queue.Queue(capacity)
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)
        self._ended = False

    def start(self) -> None:
        self._thread.start()

    def wake(self, messages: Sequence[Message]) -> None:
        """Take what was committed; never blocks."""
        try:
            self._queue.put_nowait(messages)
        except queue.Full:
            log.warning("relay_full", count=len(messages))

    def stop(self, timeout_s: float = 2.0) -> None:
        """End once what waits is published, or leave it to the sweeper when that takes longer."""
        with contextlib.suppress(queue.Full):
            self._queue.put(None, timeout=timeout_s)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._ended:
            if messages := self._next():
                self._send(messages)

    def _next(self) -> list[Message]:
        """All that waits; blocks until there is something."""
        found: list[Message] = []
        messages = self._queue.get()
        while messages is not None:
            found += messages
            if len(found) >= _TOGETHER:
                return found
            try:
                messages = self._queue.get_nowait()
            except queue.Empty:
                return found
        self._ended = True
        return found

    def _send(self, messages: Sequence[Message]) -> None:
        try:
            self._publish(messages)
        except Exception as error:  # noqa: BLE001 - any broker fault means "the sweeper has them"
            jobs = sorted({message.job for message in messages})
            log.warning("publish_failed", jobs=jobs, error=type(error).__name__)
