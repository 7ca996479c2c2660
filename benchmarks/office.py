"""The practice office the roads are measured in: all real processes, Slack's requests over HTTP."""

from __future__ import annotations

import fcntl
import itertools
import os
import signal
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.demo import Demo

_CHANNELS = ("C0SUPPORT", "C0FINANCE", "C0GENERAL")
_WORKERS = ("worker-graphs", "worker-tools")
_PATIENCE_S = 30.0
_COME_UP_S = 120.0


class Office(Demo):
    """A running `signoff demo` with the shipped limits, whose rows are read from beside."""

    def __init__(self, data: Path) -> None:
        super().__init__(data, env={"SIGNOFF_PRACTICE_HTTP": "1", "SIGNOFF_LIMITS": "{}"})

    def open(self) -> None:
        """Start it; wait for the workers too."""
        self.start()
        run = self.data / "run"
        names = (*_WORKERS, "keeper")
        self.until(
            lambda: all((run / f"{name}.ready").exists() for name in names),
            "workers",
            timeout_s=_COME_UP_S,
        )

    def go_first(self) -> None:
        """Put it and this process before other work on the machine, as far as Linux's scheduler
        groups by session go. https://man7.org/linux/man-pages/man7/sched.7.html (autogroup)"""
        for pid in (os.getpid(), *self.processes()):
            Path(f"/proc/{pid}/autogroup").write_text("-19")

    @property
    def database(self) -> Path:
        return self.data / "signoff.db"

    @property
    def redis(self) -> str:
        return f"redis://127.0.0.1:{self.port + 5}"

    @property
    def model(self) -> str:
        return f"http://127.0.0.1:{self.port + 1}"

    def rows(self, sql: str, *args: object) -> list[Sequence[Any]]:
        """What this query finds now."""
        link = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=10)
        try:
            return link.execute(sql, args).fetchall()
        finally:
            link.close()

    def when(self, sql: str, *args: object) -> float:
        """Seconds since 1970 when this query first found something; looks every millisecond."""
        link = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=10)
        deadline = time.time() + _PATIENCE_S
        try:
            while (now := time.time()) < deadline:
                if link.execute(sql, args).fetchone():
                    return now
                time.sleep(0.001)
        finally:
            link.close()
        raise AssertionError(f"waited {_PATIENCE_S:.0f} s for {sql}")

    def model_lines(self) -> list[dict[str, Any]]:
        """The model's invoice: one line per request, with `took_ms`."""
        lines = httpx.get(f"{self.model}/invoice", trust_env=False).json()["calls"]
        return [line for line in lines if line["kind"] == "chat"]

    def shop_calls(self) -> list[dict[str, Any]]:
        """The shop's own calls: `call`, `ended`, `took_ms`."""
        return list(httpx.get(f"{self.shop}/timings", trust_env=False).json()["calls"])

    def threads(self, count: int) -> list[tuple[str, str]]:
        """Messages that stand in Slack, (channel, ts), for mentions to be said below."""
        return [
            (channel, self.say("U0SAM", channel, f"Number {number} of the list."))
            for number, channel in zip(range(count), itertools.cycle(_CHANNELS), strict=False)
        ]

    @contextmanager
    def workers_stopped(self) -> Iterator[None]:
        """Both workers paused (SIGSTOP) while the block runs."""
        self._pause()
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)

    def _pause(self) -> None:
        # A worker paused inside a transaction would hold up every other writer. Busy ones are in
        # one most of the time: many short tries.
        for number in range(150):
            self._signal(signal.SIGSTOP)
            self.until(self._all_stopped, "the workers to stand still")
            if self._is_writable():
                return
            self._signal(signal.SIGCONT)
            time.sleep(0.01 * (number % 20))
        raise AssertionError("the workers could not be paused outside a transaction")

    def _is_writable(self) -> bool:
        with (self.data / "signoff.db.lock").open("a") as lock:
            for _ in range(15):
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    time.sleep(0.02)
                else:
                    return True
        return False

    def _all_stopped(self) -> bool:
        # One that was just handed the lock takes it even with the signal pending, and stops then.
        groups = {self.pid(name) for name in _WORKERS}
        states = [_state(stat) for stat in Path("/proc").glob("[0-9]*/task/[0-9]*/stat")]
        return all(state in "TZX" for state, group in states if group in groups)

    def _signal(self, number: int) -> None:
        for name in _WORKERS:
            os.killpg(self.pid(name), number)


def _state(stat: Path) -> tuple[str, int]:
    """A thread's state (T: stopped) and its process group. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html"""
    try:
        state, _parent, group, *_ = stat.read_text().rpartition(")")[2].split()
    except OSError:
        return "X", 0
    return state, int(group)
