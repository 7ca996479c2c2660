"""Bugs planted one at a time: the model finds each, and finds nothing where none is planted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.model.invariants import Violated
from tests.model.machine import Protocol
from tests.model.planted import BUGS, Bug
from tests.model.playing import play

#: Runs in which each is found at the latest: they are the same ones every time.
EXAMPLES = 150


def cornered(bug: Bug) -> type[Protocol]:
    """The same model, looking where this bug would show."""
    corner = {
        "tools": bug.tools,
        "many": bug.many,
        "files": bug.files,
        "fates": bug.fates or Protocol.fates,
        "gates": bug.gates or Protocol.gates,
        "weights": bug.weights,
        "start": bug.start,
    }
    return type("Cornered", (Protocol,), corner)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_the_model_finds_a_planted_bug(
    bug: Bug, record_property: Callable[[str, object], None]
) -> None:
    with bug.planted(), pytest.raises(Violated) as found:
        play(cornered(bug), examples=EXAMPLES)

    record_property("counted", f"planted and found: {bug.name} ({str(found.value).split('.')[0]})")
