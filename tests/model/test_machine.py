"""The whole protocol, driven in any order by Hypothesis: no order of events breaks a promise."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.model.machine import Protocol
from tests.model.playing import MANY, play

#: The first are the same ones every time; `make test-all` draws new ones each time.
EXAMPLES = 2_000 if MANY else 25


@pytest.mark.timeout(3_600)
def test_no_order_of_events_breaks_a_promise(
    record_property: Callable[[str, object], None],
) -> None:
    played = play(Protocol, examples=EXAMPLES, again=not MANY)

    assert played >= EXAMPLES
    record_property("counted", f"{played} runs of the whole protocol, its promises after each step")
