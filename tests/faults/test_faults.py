"""The fault campaign's short form: a seeded sample of `make faults` over every flow."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.campaign import unlisted
from tests.faults.experiment import lines
from tests.faults.results import Crossed, Experiment, Fault, Result

ROOT = Path(__file__).parents[2]


@pytest.mark.chaos
def test_a_sample_of_faults_keeps_every_promise_and_each_wrong_engine_is_seen_to_fail(
    record_property: Callable[[str, object], None],
) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.faults", "--short", "--lanes", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    record_property("counted", ran.stdout.splitlines()[-1])


def test_lanes_end_with_the_servers_they_started() -> None:
    program = "from tests.faults.lanes import open_lanes\nwith open_lanes(2): pass"

    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stderr


def test_a_run_killed_with_an_answer_unread_is_heard_to_its_end() -> None:
    ours, theirs = socket.socketpair()
    theirs.sendall(b"fault\n")
    ours.sendall(b"0\n")
    theirs.close()  # as the kernel does for who is killed: with something unread, by a reset

    with ours:
        assert list(lines(ours)) == ["fault\n"]


def test_a_crossing_that_is_not_in_the_list_is_named() -> None:
    first = Fault(0, "commit bot.intake:take_messages 1", "after", "kill")
    second = Fault(1, "redis bot.intake:take_messages 3", "before", "wipe")
    names = (
        (0, "commit bot.intake:new_and_unknown 1"),
        (0, first.crossing),
        (1, "commit bot.keeper:recorded 2"),
        (1, "commit bot.keeper:never_recorded 1"),
        (1, second.crossing),
        (1, "commit bot.keeper:after_it_all 1"),
    )
    crossed = [Crossed(run, "", name) for run, name in names]
    met = {first: 2, second: 5}
    result = Result(Experiment("refund", (first, second)), crossed, met=met)

    found = unlisted(
        result, {first.crossing}, {"commit bot.keeper:recorded", "redis bot.intake:take_messages"}
    )

    assert found == ["commit bot.intake:new_and_unknown 1", "commit bot.keeper:never_recorded 1"]


def test_what_a_commit_crossed_before_its_kill_is_no_place_for_a_second_fault() -> None:
    fault = Fault(0, "commit tools.reconcile:_look_for 1", "after", "kill")
    within = Crossed(0, "", "redis tools.reconcile:_look_for 1")
    crossed = [Crossed(0, "", fault.crossing), within, Crossed(1, "", fault.crossing)]

    result = Result(Experiment("comparing", (fault,)), crossed, met={fault: 2})

    assert result.after == crossed[2:]
