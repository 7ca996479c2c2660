"""The history that `make bench` tries a policy on: what the tables of now accept, judged whole."""

from __future__ import annotations

from benchmarks.policy_try import measure


def test_the_history_that_is_timed_is_judged_whole() -> None:
    figures = measure(64)

    assert len(figures) == 2
    for figure in figures:
        assert "64 judged, 20 changed" in figure.method
