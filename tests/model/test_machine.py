"""The whole protocol, driven in any order by Hypothesis: no order of events breaks a promise."""

from __future__ import annotations

from collections import Counter
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
    happened = Counter[str]()

    class Counted(Protocol):
        def teardown(self) -> None:
            super().teardown()
            happened["effects"] += len(self.world.other.effects)
            happened["permissions used"] += len(self.world.begun)
            happened["clicks"] += sum(map(len, self.world.clicks.values()))

    played = play(Counted, examples=EXAMPLES, again=not MANY)

    assert played >= EXAMPLES
    # Else it is not the protocol that is played.
    assert happened["effects"] > played / 4, happened
    told = ", ".join(f"{number} {what}" for what, number in happened.items())
    record_property(
        "counted", f"{played} runs of the whole protocol, its promises after each step ({told})"
    )
