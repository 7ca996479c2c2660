"""Workers killed for real, and the store wiped on top: the turn is answered once all the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from core.faultpoints import arm
from tests.graphs.office import DONE, FIND, ROOT, SHORT, Office

pytestmark = pytest.mark.chaos


@pytest.mark.parametrize("wiped", [False, True])
@pytest.mark.parametrize("point", ["turn:model-recorded", "turn:actions-committed"])
def test_a_worker_killed_before_its_wait_is_replaced_without_asking_the_model_again(
    office: Office, tmp_path: Path, redis_url: str, wipe: redis.Redis, point: str, wiped: bool
) -> None:
    """R84."""
    office.model.script(FIND, DONE)
    turn = office.say("where is order 4711?")
    runner = office.runner()

    killed = run_and_die(office, tmp_path, redis_url, turn.id, point)
    proposed = [action.id for action in office.actions(turn.id)]
    if wiped:
        wipe.flushall()
    early = runner.run(turn.id)
    office.clock.advance(SHORT.lease)
    late = runner.run(turn.id)
    [action] = office.actions(turn.id)
    office.settle(action.id)
    end = runner.run(turn.id)

    assert killed == -signal.SIGKILL
    assert (early, late, end) == ("held", "waiting", "answered")
    assert proposed == ([] if point == "turn:model-recorded" else [action.id])
    assert len(office.model.calls()) == 2
    assert len(office.posts(turn.id)) == 1


def test_a_worker_killed_after_the_answer_leaves_one_answer(
    office: Office, tmp_path: Path, redis_url: str
) -> None:
    office.model.script({"content": "Hello."})
    turn = office.say("hello")

    killed = run_and_die(office, tmp_path, redis_url, turn.id, "turn:answered")
    again = office.runner().run(turn.id)

    assert (killed, again) == (-signal.SIGKILL, "answered")
    assert len(office.posts(turn.id)) == 1
    assert office.open_rows(turn.id) == []


def run_and_die(office: Office, folder: Path, redis_url: str, turn_id: str, point: str) -> int:
    """One delivery in a process of its own that dies at `point`; its exit status."""
    arm(folder / "faultpoints", point)
    arguments = [str(folder), redis_url, office.model.root, turn_id]
    return subprocess.run(
        [sys.executable, "-m", "tests.graphs.one_run", *arguments],
        cwd=ROOT,
        env={**os.environ, "SIGNOFF_FAULTPOINTS": str(folder / "faultpoints")},
        timeout=300,
        check=False,
    ).returncode
