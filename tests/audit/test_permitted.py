"""What was begun must have been permitted: the log's own entries tell where it was not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from audit.links import Told, unlinked

SUM = {"content": "sha256:1"}


def told(number: int, type: str, subject: str, actor: str, **versions: Any) -> Told:
    return Told(f"evt_{number}", type, subject, actor, versions)


def refund(source: str = "request:req_1") -> list[Told]:
    """A refund that Finn approved (or a rule allowed), as the log tells of it."""
    asked = source.startswith("request")
    return [
        told(0, "approvals:request:vote", "req_1", "finn"),
        told(1, f"approvals:action:{'approved' if asked else 'allowed'}", "act_1", "finn", **SUM),
        told(2, "approvals:grant:minted", "grant_1", "system", **SUM, source=source),
        told(3, "approvals:grant:consumed", "grant_1", "system", **SUM, source=source),
        told(4, "approvals:standing:spent", "stand_1", "system"),
        told(5, "approvals:action:executing", "act_1", "system", **SUM),
        told(6, "tools:effect:intent", "act_1", "system"),
        told(7, "approvals:action:succeeded", "act_1", "system", **SUM),
    ]


def problems(entries: list[Told]) -> Mapping[str, str]:
    return dict(unlinked(entries))


@pytest.mark.parametrize("source", ["request:req_1", "policy", "standing:stand_1"])
@pytest.mark.parametrize("upto", range(9))
def test_what_was_permitted_and_done_fits_at_every_step(source: str, upto: int) -> None:
    steps = refund(source)
    # What the transaction of the claim writes stands together or not at all.
    assert problems(steps[: 3 if upto in (4, 5, 6) else upto]) == {}


@pytest.mark.parametrize(
    ("without", "found"),
    [
        (0, {"evt_2": "it was permitted, and nobody who answered approved it"}),
        (1, {"evt_2": "it was permitted, and nobody who answered approved it"}),
        (2, {"evt_3": "a permission was used up that nobody gave"}),
        (3, {"evt_6": "it was begun without a permission"}),
        (5, {"evt_3": "a permission was used up, and nothing was begun"}),
        (
            6,
            {
                "evt_3": "a permission was used up, and nothing was begun",
                "evt_7": "it was done and never begun",
            },
        ),
    ],
)
def test_what_was_begun_without_its_permission_is_found(
    without: int, found: Mapping[str, str]
) -> None:
    steps = refund()
    del steps[without]

    assert problems(steps) == found


@pytest.mark.parametrize("source", ["policy", "standing:stand_2"])
def test_a_rule_or_a_yes_in_advance_that_was_none_is_found(source: str) -> None:
    steps = refund(source)
    del steps[1]

    assert list(problems(steps)) == ["evt_2"]
    assert problems(refund("standing:stand_2")) == {
        "evt_2": "a yes in advance covered it and was not used up"
    }


@pytest.mark.parametrize(
    ("again", "what"), [(2, "permitted"), (3, "permitted and begun"), (6, "begun")]
)
def test_a_permission_used_twice_is_found(again: int, what: str) -> None:
    steps = refund()
    steps.append(replace(steps[again], event_id="evt_9"))

    assert problems(steps)["evt_9"] == f"it was {what} more than once"


@pytest.mark.parametrize("which", [1, 3, 5])
def test_another_content_than_was_permitted_is_found(which: int) -> None:
    steps = refund()
    steps[which] = replace(steps[which], versions={"content": "sha256:2"})

    assert problems(steps) == {f"evt_{which}": "it is not what was permitted"}


def test_an_answer_to_another_question_permits_nothing() -> None:
    steps = refund()
    steps[0] = replace(steps[0], subject="req_2")
    other = refund()
    other[0] = replace(other[0], actor="ana")

    why = {"evt_2": "it was permitted, and nobody who answered approved it"}
    assert problems(steps) == problems(other) == why
