"""Bugs planted one at a time: the model finds each, and finds nothing where none is planted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.model.invariants import Violated
from tests.model.machine import Protocol
from tests.model.planted import ALONE, BUGS, Bug
from tests.model.planted_rights import RIGHTS
from tests.model.playing import play

#: Runs in which each is found at the latest: they are the same ones every time.
EXAMPLES = 150
EXAMPLES_ALONE = 12
#: What shows only deep in, by a worker that wakes late or a vote that is carried over.
ANYWHERE = [b for b in BUGS if b.name in ("stale token accepted", "edit keeps earlier votes")]


def cornered(bug: Bug) -> type[Protocol]:
    """The same model, looking where this bug would show."""
    corner = {
        "tools": bug.tools,
        "many": bug.many,
        "files": bug.files,
        "fates": bug.fates or Protocol.fates,
        "gates": bug.gates or Protocol.gates,
        "weights": bug.weights,
        "situations": (bug.situation,),
        "more": bug.more,
        "disturbances": bug.disturbances,
        "askers": bug.askers,
        "start": bug.start,
    }
    return type("Cornered", (Protocol,), corner)


@pytest.mark.parametrize("bug", [*BUGS, *RIGHTS], ids=lambda bug: bug.name)
def test_the_model_finds_a_planted_bug(
    bug: Bug, record_property: Callable[[str, object], None]
) -> None:
    with bug.planted(), pytest.raises(Violated) as found:
        play(cornered(bug), examples=EXAMPLES)

    record_property("counted", f"planted and found: {bug.name} ({str(found.value).split('.')[0]})")


@pytest.mark.parametrize("bug", ANYWHERE, ids=lambda bug: bug.name)
def test_the_whole_model_finds_it_too(
    bug: Bug, record_property: Callable[[str, object], None]
) -> None:
    """Not in its corner: among everything else that may happen, from wherever runs begin."""
    with bug.planted(), pytest.raises(Violated):
        play(Protocol, examples=EXAMPLES)

    record_property("counted", f"planted and found by the whole model: {bug.name}")


@pytest.mark.parametrize("bug", ALONE, ids=lambda bug: bug.name)
def test_where_two_guards_stand_either_holds_alone(
    bug: Bug, record_property: Callable[[str, object], None]
) -> None:
    """Which is why "grant used twice" takes both away: with one of them nothing is to be found."""
    with bug.planted():
        played = play(cornered(bug), examples=EXAMPLES_ALONE)

    assert played >= EXAMPLES_ALONE
    record_property("counted", f"planted, and held by the other guard: {bug.name}")
