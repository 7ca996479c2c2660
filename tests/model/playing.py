"""How a machine is played: so many examples, always the same ones, until one breaks a promise."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import Protocol

#: `make test-all` sets it.
MANY = os.environ.get("HYPOTHESIS_PROFILE") == "many"
_STEPS = 30


def play(machine: type[Protocol], *, examples: int, again: bool = True) -> int:
    """Play so many examples; how many were played. With `again` always the same ones.

    Raises what the first example raised that broke a promise (`Violated`, mostly).
    """
    played = 0

    class Counted(machine):  # type: ignore[valid-type,misc]
        def __init__(self) -> None:
            nonlocal played
            played += 1
            super().__init__()

    chosen = settings(
        max_examples=examples,
        stateful_step_count=_STEPS,
        derandomize=again,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        print_blob=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Counted, settings=chosen)
    return played
