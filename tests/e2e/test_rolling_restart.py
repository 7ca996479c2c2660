"""A rolling restart under load: every process is asked to stop, one after the other, while people
write. Nothing is lost and nothing repeated."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.e2e.compared import compared
from tests.e2e.demo import Demo, words_of

pytestmark = [
    pytest.mark.chaos,
]

ASKED = "<@U0SIGNOFF> Where is order 4711?"
PLACES = (("U0SAM", "C0GENERAL"), ("U0ANA", "C0SUPPORT"))
#: One asks for the tool, one says what came of it.
MODEL_CALLS = 2
#: Seconds between two messages: the shop's reads are limited to 60 a minute.
EVERY_S = 1.1


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Over HTTP, where Slack delivers again what met a bot that was away."""
    opened = Demo(
        tmp_path_factory.mktemp("rolling") / "data",
        {"SIGNOFF_PRACTICE_HTTP": "1", "SIGNOFF_PRACTICE_RETRIES": "0.5,2,5,5,5,5,5,5,5,5"},
    )
    with compared(opened):
        yield opened


class Writing:
    """People go on writing until the block ends; `threads`: (channel, ts) of what they said."""

    def __init__(self, office: Demo) -> None:
        self._office, self._over = office, threading.Event()
        self.threads: list[tuple[str, str]] = []
        self._writer = threading.Thread(target=self._write)

    def __enter__(self) -> Writing:
        self._writer.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._over.set()
        self._writer.join()

    def _write(self) -> None:
        while not self._over.wait(EVERY_S):
            user, channel = PLACES[len(self.threads) % len(PLACES)]
            self.threads.append((channel, self._office.say(user, channel, ASKED)))


def test_a_rolling_restart_under_load_loses_and_repeats_nothing(office: Demo) -> None:
    before = _model_calls(office)

    with Writing(office) as writing:
        rounds = 0
        while rounds < 2 or len(writing.threads) <= 10:
            for name in ("worker-graphs", "worker-tools", "keeper", "bot"):
                _restart(office, name)
            rounds += 1

    for channel, ts in writing.threads:
        office.reply(channel, ts, "4711")
    office.until(lambda: _open_jobs(office) == 0, "all work to be done")
    for channel, ts in writing.threads:
        said = [words_of(m) for m in office.messages(channel, ts) if m.get("bot_id")]
        assert len(said) == 1, said
    assert _model_calls(office) - before == MODEL_CALLS * len(writing.threads)


def _restart(office: Demo, name: str) -> None:
    """As a deployment does: ask it to stop, and wait until the next one serves."""
    pid, told = office.pid(name), office.printed.count(f"  {name:<14} back ")
    os.kill(pid, signal.SIGTERM)
    office.until(lambda: office.printed.count(f"  {name:<14} back ") > told, f"{name} to be back")
    assert office.pid(name) != pid


def _open_jobs(office: Demo) -> int:
    with closing(sqlite3.connect(office.data / "signoff.db", timeout=10)) as link:
        [count] = link.execute("SELECT count(*) FROM outbox WHERE done_at IS NULL").fetchone()
    return int(count)


def _model_calls(office: Demo) -> int:
    invoice = office.outside(f"{office.model}/invoice")
    return len([line for line in invoice["calls"] if line["kind"] == "chat"])
