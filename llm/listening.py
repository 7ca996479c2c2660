"""Listening to an answer while it is written, and hanging up when nobody wants it any more.

The request runs in a thread of its own. The caller waits beside it: it is told the text so far,
looks about three times a second whether the answer is still wanted, and leaves at once when it is
not, whatever the endpoint is doing; the thread hangs up at the next word it hears.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from core.errors import ModelError

T = TypeVar("T")

#: Seconds between two looks whether the answer is still wanted.
LOOK_S = 0.3
#: Seconds between two looks at what was said: words come faster than anybody is shown them.
HEAR_S = 0.1


class Abandoned(ModelError):
    """Nobody waits for this answer any more."""


@dataclass(frozen=True)
class Listener:
    """Who waits for an answer. Both are called on the thread that waits."""

    #: Told the whole text so far, ten times a second while there is more of it; a try that was cut
    #: off and begun again starts anew. A preview: what counts is the answer that is returned.
    heard: Callable[[str], None]
    #: Whether to go on listening.
    wanted: Callable[[], bool]


class Line:
    """What the thread at the endpoint and the caller share: the newest text, and whether the
    caller is still there."""

    def __init__(self) -> None:
        self.gone = threading.Event()
        self.text = ""

    def say(self, text: str) -> None:
        self.text = text

    def check(self) -> None:
        """Raise `Abandoned` when the caller has left."""
        if self.gone.is_set():
            raise Abandoned()

    def pause(self, seconds: float) -> None:
        """Wait between two tries; raises `Abandoned` as soon as the caller leaves."""
        self.gone.wait(seconds)
        self.check()


@dataclass
class _Outcome(Generic[T]):
    """What the thread came to; read after it set `over`."""

    over: threading.Event = field(default_factory=threading.Event)
    value: list[T] = field(default_factory=list)
    error: BaseException | None = None


def attended(work: Callable[[Line], T], listener: Listener) -> T:
    """`work`'s result, with `listener` told what it says. Raises what `work` raises, and
    `Abandoned` when the answer is not wanted any more."""
    line, outcome = Line(), _Outcome[T]()
    context = contextvars.copy_context()
    # A daemon: what hangs in a dead connection ends with its time-out, and holds up no end.
    thread = threading.Thread(
        target=context.run, args=(_run, work, line, outcome), name="model", daemon=True
    )
    thread.start()
    try:
        _attend(line, outcome, listener)
    finally:
        line.gone.set()
    if outcome.error is not None:
        raise outcome.error
    return outcome.value[0]


def _run(work: Callable[[Line], T], line: Line, outcome: _Outcome[T]) -> None:
    try:
        outcome.value.append(work(line))
    except BaseException as error:  # noqa: BLE001 - raised where it is waited for
        outcome.error = error
    outcome.over.set()


def _attend(line: Line, outcome: _Outcome[T], listener: Listener) -> None:
    told, look_at = "", time.monotonic() + LOOK_S
    while not outcome.over.wait(min(HEAR_S, max(0.0, look_at - time.monotonic()))):
        if line.text != told:
            told = line.text
            listener.heard(told)
        if time.monotonic() >= look_at:
            if not listener.wanted():
                raise Abandoned()
            look_at = time.monotonic() + LOOK_S
