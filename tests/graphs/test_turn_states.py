from __future__ import annotations

from itertools import product

import pytest

from core.errors import InvalidTransition
from graphs.runtime.states import TERMINAL, TRANSITIONS, advance_turn

ALLOWED = {
    ("received", "running"),
    ("received", "stopped"),
    ("received", "failed"),
    ("running", "waiting"),
    ("running", "answered"),
    ("running", "failed"),
    ("running", "stopped"),
    ("waiting", "running"),
    ("waiting", "stopped"),
    ("waiting", "failed"),
}


@pytest.mark.parametrize("pair", list(product(TRANSITIONS, TRANSITIONS)))
def test_a_turn_goes_only_where_the_design_lets_it(pair: tuple[str, str]) -> None:
    """R34."""
    if pair in ALLOWED:
        advance_turn(*pair)
        return
    with pytest.raises(InvalidTransition):
        advance_turn(*pair)


def test_ended_turns_never_change() -> None:
    assert set(TERMINAL) == {"answered", "failed", "stopped"}
