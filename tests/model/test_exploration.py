"""Every reachable situation of the effect protocol, for each retry class; and what is found there
when a decision is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import approvals.states
from tests.model.exploration import KINDS, Violated, explore
from tools import protocol
from tools.protocol import Next, Standing, Step


@pytest.mark.parametrize("kind", KINDS)
def test_no_reachable_situation_breaks_a_promise(
    kind: str, record_property: Callable[[str, object], None]
) -> None:
    states = explore(kind)

    record_property("counted", f"{states:,} reachable situations, all of them: {kind}")


def no_settle_time(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(protocol, "settled_at", lambda _tool, _limits, at: at.sent_by)


def sent_again_without_a_look(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        protocol, "_may_call_blind", lambda _t, limits, at, *, now: at.attempt < limits.max_attempts
    )


def keys_live_for_ever(patch: pytest.MonkeyPatch) -> None:
    true_one = protocol._may_call_blind

    def may(tool: Any, limits: Any, at: Standing, *, now: Any) -> bool:
        return true_one(tool, limits, replace(at, first_sent=now), now=now)

    patch.setattr(protocol, "_may_call_blind", may)


def exhausted_means_failed(patch: pytest.MonkeyPatch) -> None:
    true_one = protocol.following

    def following(*args: Any, **more: Any) -> Next:
        step = true_one(*args, **more)
        return replace(step, step=Step.FAILED) if step.step is Step.UNKNOWN else step

    patch.setattr(protocol, "following", following)


def taint_forgotten(patch: pytest.MonkeyPatch) -> None:
    true_one = protocol.following
    patch.setattr(
        protocol,
        "following",
        lambda tool, limits, at, **more: true_one(tool, limits, replace(at, tainted=False), **more),
    )


def what_is_under_way_may_be_cancelled(patch: pytest.MonkeyPatch) -> None:
    table = dict(approvals.states.ACTION)
    table["executing"] |= {"cancelled"}
    patch.setattr(approvals.states, "ACTION", table)


@pytest.mark.parametrize(
    ("plant", "kind"),
    [
        (no_settle_time, "looked up"),
        (sent_again_without_a_look, "looked up"),
        (keys_live_for_ever, "same key"),
        (exhausted_means_failed, "asks you"),
        (taint_forgotten, "asks you"),
        (what_is_under_way_may_be_cancelled, "same key"),
    ],
)
def test_the_search_finds_a_planted_bug(
    plant: Callable[[pytest.MonkeyPatch], None], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)

    with pytest.raises(Violated):
        explore(kind)
