"""A worker that was asked to stop lets go of its turns."""

from __future__ import annotations

import time

from core.errors import GraphError


class HandedOver(GraphError):
    """This goes on in another process."""


class Drain:
    """Whether this process is to end. Safe to begin in a signal handler.

    From then on no turn is begun and no model asked; a model's answer under way has `grace_s`
    seconds to end, because it is paid for. What remains goes on in another worker, at once.
    """

    def __init__(self, grace_s: float = 5.0) -> None:
        self._grace_s = grace_s
        self._until: float | None = None

    def begin(self) -> None:
        if self._until is None:
            self._until = time.monotonic() + self._grace_s

    @property
    def begun(self) -> bool:
        return self._until is not None

    @property
    def over(self) -> bool:
        """Whether the time to end what is under way has passed."""
        return self._until is not None and time.monotonic() >= self._until
