"""A trip to the server, and plans of trips: generators that do no I/O but yield trips and are sent
the answers, so that one plan serves both colours (ADR 0002)."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")

#: In the place of a script: asks for the ids of all threads, which goes over the whole server.
EVERY_THREAD = ""


class Trip(NamedTuple):
    """One script on one thread."""

    script: str
    thread_id: str
    args: Sequence[Any] = ()


Plan = Generator[Trip, Any, T]
