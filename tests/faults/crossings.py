"""Every crossing of one process from "not yet" to "done": counted, and where it is planned, ruined.

A crossing is a commit (`core.db.Database.transaction`), a command or pipeline to Redis, or a call
to the outside: HTTP, Slack, a line to the mail server. Each has a name that stays the same from run
to run: what it is, the place in our code, and how often that place was passed before. Installed
once, in a forked process; threads that only keep leases alive are not looked at.
"""

from __future__ import annotations

import http.client
import smtplib
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import httpx
import httpx2
import redis
import redis.connection
from sqlmodel import Session

from core.db import Database

Moment = Literal["before", "after"]
#: Told of each crossing at both its moments; True after an outbound one loses its reply.
Seen = Callable[[str, Moment], bool]

_ROOMS = frozenset({"approvals", "audit", "bot", "core", "graphs", "llm", "memory", "tools"})
#: Where everybody passes: the place is named by who called them.
_HALLWAYS = frozenset(
    {"bot.broker", "core.db", "core.relay", "graphs.checkpoint.driver", "tools.connectors.link"}
)
#: The engines that are wrong on purpose count as ours.
_WRONG = "tests.faults.controls"
_BESIDE = frozenset({"keepalive", "relay", "previews", "progress"})


class Watch:
    """Numbers the crossings of this process and says each of them to `seen`."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        #: Per thread: the crossing that is under way, and whether its reply is to be lost.
        self._now = threading.local()

    def install(self) -> None:
        """Watch this process, from now on and for good."""
        self._commits()
        self._redis()
        self._slack()
        self._mail()
        for library in (httpx, httpx2):
            self._http(library)

    def _begin(self, kind: str) -> str | None:
        place = _place()
        if place is None or threading.current_thread().name in _BESIDE:
            return None
        with self._lock:
            self._counts[f"{kind} {place}"] += 1
            name = f"{kind} {place} {self._counts[f'{kind} {place}']}"
        self._seen(name, "before")
        return name

    def _ended(self, name: str | None) -> bool:
        return name is not None and self._seen(name, "after")

    def _commits(self) -> None:
        real = Database.transaction

        @contextmanager
        def transaction(database: Database) -> Iterator[Session]:
            with real(database) as session:
                yield session
                name = self._begin("commit")
            self._ended(name)

        Database.transaction = transaction  # type: ignore[method-assign,assignment]

    def _redis(self) -> None:
        watch = self

        def crossing(real: Any) -> Any:
            def execute(*args: Any, **more: Any) -> Any:
                name = watch._begin("redis")
                # Told while the reply is read: a lost one meets redis-py's own retries.
                watch._now.redis = name
                try:
                    return real(*args, **more)
                finally:
                    watch._now.redis = None

            return execute

        def reading(real: Any) -> Any:
            def read_response(*args: Any, **more: Any) -> Any:
                answer = real(*args, **more)
                name, watch._now.redis = getattr(watch._now, "redis", None), None
                if watch._ended(name):
                    args[0].disconnect()
                    raise redis.TimeoutError("the reply was lost")
                return answer

            return read_response

        # The innermost of each: whoever asks, it is one command or one pipeline.
        redis.Redis._execute_command = crossing(redis.Redis._execute_command)  # type: ignore
        redis.client.Pipeline.execute = crossing(redis.client.Pipeline.execute)  # type: ignore
        kind = redis.connection.AbstractConnection
        kind.read_response = reading(kind.read_response)  # type: ignore[method-assign]

    def _slack(self) -> None:
        watch, kind = self, http.client.HTTPConnection
        request, getresponse = kind.request, kind.getresponse

        def sending(*args: Any, **more: Any) -> Any:
            watch._now.slack = watch._begin("slack")
            return request(*args, **more)

        def answered(*args: Any, **more: Any) -> Any:
            answer = getresponse(*args, **more)
            name, watch._now.slack = getattr(watch._now, "slack", None), None
            if watch._ended(name):
                raise TimeoutError("the reply was lost")
            return answer

        kind.request, kind.getresponse = sending, answered  # type: ignore[method-assign]

    def _mail(self) -> None:
        watch, kind = self, smtplib.SMTP
        send, getreply = kind.send, kind.getreply

        def sending(*args: Any, **more: Any) -> Any:
            watch._now.mail = watch._begin("smtp")
            return send(*args, **more)

        def answered(*args: Any, **more: Any) -> Any:
            name = getattr(watch._now, "mail", None) or watch._begin("smtp")
            watch._now.mail = None
            answer = getreply(*args, **more)
            if watch._ended(name):
                args[0].close()
                raise TimeoutError("the reply was lost")
            return answer

        kind.send, kind.getreply = sending, answered  # type: ignore[method-assign]

    def _http(self, library: Any) -> None:
        watch, kind = self, library.HTTPTransport
        real = kind.handle_request

        def handle_request(*args: Any, **more: Any) -> Any:
            name = watch._begin("http")
            answer = real(*args, **more)
            if watch._ended(name):
                answer.close()
                raise library.ReadTimeout("the reply was lost")
            return answer

        kind.handle_request = handle_request


def _place() -> str | None:
    """The innermost place in our own code; None when nobody of ours is asking."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        ours = name.partition(".")[0] in _ROOMS or name == _WRONG
        if ours and name not in _HALLWAYS:
            return f"{name}:{frame.f_code.co_name}"
        frame = frame.f_back  # type: ignore[assignment]
    return None
