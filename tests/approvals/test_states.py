"""What may follow what, over every pair there is."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.states import (
    ACTION,
    ACTION_OPEN,
    ACTION_TERMINAL,
    REQUEST,
    REQUEST_TERMINAL,
    advance_action,
    advance_request,
)
from core.errors import InvalidTransition

#: Written a second time by hand: a change of the table has to be meant twice.
DESIGNED = {
    "proposed": "denied allowed awaiting failed cancelled",
    "awaiting": "approved rejected expired cancelled superseded",
    "allowed": "executing superseded denied cancelled expired",
    "approved": "executing superseded denied cancelled expired",
    "executing": "executing succeeded failed unknown",
    "unknown": "succeeded failed",
}
ENDS = {"denied", "rejected", "expired", "cancelled", "superseded", "succeeded", "failed"}


def test_the_table_is_the_designed_one() -> None:
    table = {status: set(following) for status, following in ACTION.items() if following}

    assert table == {status: set(line.split()) for status, line in DESIGNED.items()}
    assert ACTION_TERMINAL == ENDS
    assert {"proposed", "awaiting", "allowed", "approved"} == ACTION_OPEN


@pytest.mark.parametrize(("status", "to"), list(itertools.product(ACTION, ACTION)))
def test_an_action_moves_exactly_as_the_table_says(status: str, to: str) -> None:
    """R34."""
    if to in ACTION[status]:
        assert advance_action(status, to) == to
    else:
        with pytest.raises(InvalidTransition, match=f"is {status}: it cannot become {to}"):
            advance_action(status, to)


@pytest.mark.parametrize(("status", "to"), list(itertools.product(REQUEST, REQUEST)))
def test_a_request_moves_only_from_pending_to_an_end(status: str, to: str) -> None:
    if status == "pending" and to != "pending":
        assert advance_request(status, to) == to
    else:
        with pytest.raises(InvalidTransition):
            advance_request(status, to)


@given(st.lists(st.sampled_from(sorted(ACTION)), max_size=20))
def test_whatever_is_tried_an_ended_action_stays_as_it_ended(attempts: list[str]) -> None:
    """R34."""
    status = "proposed"
    for to in attempts:
        before = status
        try:
            status = advance_action(status, to)
        except InvalidTransition:
            assert status == before
        if before in ACTION_TERMINAL:
            assert status == before


@given(st.text(), st.text())
def test_words_that_are_no_status_are_refused(status: str, to: str) -> None:
    if status not in ACTION or to not in ACTION:
        with pytest.raises(InvalidTransition):
            advance_action(status, to)


def test_every_status_can_be_reached_and_every_one_can_end() -> None:
    reached = {"proposed"}
    for _ in ACTION:
        reached |= {to for status in reached for to in ACTION[status]}
    ending = set(ACTION_TERMINAL)
    for _ in ACTION:
        ending |= {status for status, following in ACTION.items() if following & ending}

    assert reached == set(ACTION)
    assert ending == set(ACTION)
    assert set(REQUEST) - {"pending"} == REQUEST_TERMINAL
