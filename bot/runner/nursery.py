"""Where our own processes are born: forked from one that has imported what they need.

Imports cost a worker seconds of CPU. Python's fork server pays them once: a process without
threads, connections, configuration or credentials, from which each start is a fork that gets its
environment then. So a killed worker serves again at once, and all of them share their pages.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import subprocess
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from bot.cli import main

_PRELOADED = "bot.runner.preloaded"


class Forked:
    """A running `signoff` command, handled as a `subprocess.Popen` is."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process
        assert process.pid is not None  # started
        self.pid: int = process.pid

    @property
    def returncode(self) -> int | None:
        """As `Popen.returncode`; 255 when the fork server died and nobody can tell."""
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


class Nursery:
    """The fork server of one runner; begins to import at once, and is started anew if it dies."""

    def __init__(self, env: Mapping[str, str]) -> None:
        # The fork server's own environment is the runner's: only what every process may see (P1),
        # and the folder, by which what a killed runner left behind is found.
        os.environ.clear()
        os.environ.update(env)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([_PRELOADED])
        forkserver.ensure_running()

    def fork(self, name: str, argv: Sequence[str], env: Mapping[str, str], log: Path) -> Forked:
        """Start `signoff ARGV` in a session of its own, with exactly this environment."""
        process = self._context.Process(
            target=_become, args=(list(argv), dict(env), log), name=name
        )
        process.start()
        return Forked(process)

    def close(self) -> None:
        """End the fork server and its helper now: by themselves they end a moment later."""
        # There is no public way; Python's own tests do it like this.
        forkserver._forkserver._stop()  # type: ignore[attr-defined]
        resource_tracker._resource_tracker._stop()  # type: ignore[attr-defined]


def _become(argv: Sequence[str], env: Mapping[str, str], log: Path) -> None:
    os.setsid()
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.close(output)
    os.environ.clear()
    os.environ.update(env)
    raise SystemExit(main(argv))
