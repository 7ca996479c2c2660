"""SIGKILL before each single write of a turn, the store kept, wiped or restarted on top: the turn
ends in its answer, with the model asked once for each recorded response and each action proposed
once."""

from __future__ import annotations

import itertools
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import redis

from bot.runner.embedded import redis_argv
from graphs.runtime.tables import Turn
from tests.graphs.dying import run_until
from tests.graphs.office import DONE, SHORT, Office, calls, open_office
from tests.llm.rehearsal import Rehearsal

pytestmark = pytest.mark.chaos

BOTH = calls(
    ("shop__find_order", {"order": "4711"}), ("shop__refund", {"order": "4711", "minor": 18000})
)
SCRIPT = (BOTH, DONE)
#: What has happened of the turn when the delivery comes that will die.
STAGES = ("received", "one of two settled", "both settled")


class Store:
    """A server of its own with an append-only file, which the test kills and starts again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{folder / 's'}?db=0"
        self.start()

    def start(self) -> None:
        argv = [*redis_argv(0, self._folder), "--unixsocket", str(self._folder / "s")]
        self._process = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
        with redis.Redis.from_url(self.url) as client:
            while not _answers(client):
                time.sleep(0.01)

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def restart(self) -> None:
        self.kill()
        self.start()

    def wipe(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()


def _answers(client: redis.Redis) -> bool:
    with suppress(redis.ConnectionError):
        return bool(client.ping())
    return False


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = Store(tmp_path_factory.mktemp("s"))
    yield opened
    opened.kill()


@pytest.fixture
def office(tmp_path: Path, store: Store, model: Rehearsal) -> Iterator[Office]:
    with open_office(tmp_path, store.url, model) as opened:
        yield opened


@pytest.mark.parametrize("then", ["kept", "wiped", "restarted"])
@pytest.mark.parametrize("stage", STAGES)
def test_a_turn_whose_worker_dies_before_any_write_is_answered_once(
    office: Office, store: Store, tmp_path: Path, model: Rehearsal, stage: str, then: str
) -> None:
    on_top: dict[str, Callable[[], None]] = {
        "kept": lambda: None,
        "wiped": store.wipe,
        "restarted": store.restart,
    }
    for nth in itertools.count(1):
        invoiced = len(office.model.calls())
        turn = _brought_to(office, stage)
        before = [action.id for action in office.actions(turn.id)]

        at = office.clock.now()
        died = run_until(tmp_path, store.url, model.root, turn.id, at=at, nth=nth)
        unrecorded = len(office.model.calls()) - invoiced - len(office.responses(turn.id))
        if died:
            on_top[then]()
        _finish(office, turn)

        end = office.turn(turn.id)
        assert (end.status, end.answer) == ("answered", DONE["content"]), (nth, end.reason)
        assert len(office.model.calls()) - invoiced == len(SCRIPT) + unrecorded
        assert unrecorded in (0, 1)
        assert [response.step for response in office.responses(turn.id)] == [0, 1]
        actions = [action.id for action in office.actions(turn.id)]
        assert len(actions) == 2
        assert actions[: len(before)] == before
        assert [post.kind for post in office.posts(turn.id)] == ["answer"]
        assert office.open_rows(turn.id) == []
        if not died:
            assert nth > 5, "hardly a write was seen"
            return


def _brought_to(office: Office, stage: str) -> Turn:
    """A fresh turn, with the model's script for it."""
    office.model.script(*SCRIPT)
    turn = office.say("refund order 4711 if it is shipped")
    for index in range(STAGES.index(stage)):
        assert office.runner().run(turn.id) == "waiting"
        office.settle(office.actions(turn.id)[index].id)
    return turn


def _finish(office: Office, turn: Turn) -> None:
    """What deliveries and people do afterwards: nobody knows that a worker died."""
    office.model.script(*SCRIPT[len(office.responses(turn.id)) :])
    for _ in range(6):
        if office.turn(turn.id).status == "answered":
            break
        office.clock.advance(SHORT.lease)
        office.runner().run(turn.id)
        for action in office.actions(turn.id):
            if action.status == "proposed":
                office.settle(action.id)
    office.clock.advance(SHORT.lease)
    assert office.runner().run(turn.id) == "answered"
