"""Processes that are killed just before their nth write.

A write is a commit in SQL, a command to Redis, or a request to Slack, sent or answered: between any
two of them a process may die, so `n` walks through all the places there are. Forked from a process
that has its imports, because there are many.
"""

from __future__ import annotations

import http.client
import itertools
import multiprocessing
import os
import signal
from collections.abc import Callable
from typing import Any

import redis.connection
from sqlalchemy import Engine, event

#: What the forked processes find imported.
_PRELOADED = ["tests.graphs.pausing", "tests.bot.dying", "tools.together", "tools.undo_news"]
_PATIENCE_S = 60
forked = multiprocessing.get_context("forkserver")
forked.set_forkserver_preload(_PRELOADED)


def killed(target: Callable[..., None], *args: Any) -> bool:
    """Run it in a process of its own. True when that was killed, False when it came to its end."""
    process = forked.Process(target=target, args=args)
    process.start()
    process.join(_PATIENCE_S)
    code = process.exitcode
    process.close()
    assert code in (0, -signal.SIGKILL), code
    return code != 0


class Countdown:
    """SIGKILLs this process when it comes to its nth step."""

    def __init__(self, nth: int) -> None:
        self._nth, self._steps = nth, itertools.count(1)

    def step(self, *_args: Any) -> None:
        if next(self._steps) == self._nth:
            os.kill(os.getpid(), signal.SIGKILL)

    def commits(self, engine: Engine) -> None:
        event.listen(engine, "commit", self.step)

    def commands(self) -> None:
        """Each command to Redis is a step."""
        send = redis.connection.Connection.send_packed_command

        def sending(*args: Any, **more: Any) -> None:
            self.step()
            send(*args, **more)

        for kind in (redis.connection.Connection, redis.connection.UnixDomainSocketConnection):
            kind.send_packed_command = sending  # type: ignore[method-assign,assignment]

    def requests(self) -> None:
        """Each HTTP request is two steps: it is not sent yet, and its answer is not read yet."""
        for name in ("request", "getresponse"):
            setattr(http.client.HTTPConnection, name, self._first(name))

    def _first(self, name: str) -> Callable[..., Any]:
        real = getattr(http.client.HTTPConnection, name)

        def counted(*args: Any, **more: Any) -> Any:
            self.step()
            return real(*args, **more)

        return counted
