"""Celery workers: one kind thinks (`graphs`), one kind acts (`tools`).

Graph workers use threads: their jobs wait for models and Slack. Tool workers use processes: only
there can a time limit end a call that is stuck. What a job needs is wired in the process that runs
it, after the fork.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from celery import signals

from bot.bootstrap import Floor, lay_floor
from bot.broker import QUEUES, Doorbell, Handler, make_celery
from bot.failures import Failures
from bot.settings import Settings
from core.dead import Patience
from core.errors import SignoffError
from core.relay import Relay

log = structlog.get_logger()

_POOLS = {"graphs": ("threads", 8), "tools": ("prefork", 3)}
#: Above a tool's usual deadline (10 s), below its claim's lease (15 s).
_HARD_LIMIT_S = 12.0


def run_worker(
    kind: str,
    settings: Settings,
    environ: Mapping[str, str],
    *,
    name: str,
    concurrency: int | None,
    ready: Callable[[], None],
) -> int:
    """Serve one queue until SIGTERM. Configuration is checked here, before the pool starts."""
    pool, size = _POOLS[kind]
    size = concurrency or size
    wiring = _Wiring(kind, settings, environ, name=name, size=size)
    floor = wiring.check()
    app = make_celery(settings.redis_url, hard_limit_s=_limit(floor) if kind == "tools" else None)
    for job, queue in QUEUES.items():
        if queue == kind:
            app.task(name=job, bind=False)(_task(job, wiring))
    # In the parent: a child that died, or was ended at its time limit, can say nothing itself.
    signals.task_failure.connect(wiring.lost, weak=False)
    started = signals.worker_process_init if pool == "prefork" else signals.worker_init
    started.connect(lambda **_: _wired_or_ended(wiring), weak=False)
    signals.worker_ready.connect(lambda **_: ready(), weak=False)
    argv = ["worker", "--pool", pool, "--concurrency", str(size)]
    argv += ["--queues", kind, "--hostname", f"{name}@%h", "--loglevel", "WARNING"]
    app.worker_main([*argv, "--without-gossip", "--without-mingle"])
    return 0


def _wired_or_ended(wiring: _Wiring) -> None:
    """Celery only logs what a signal's receiver raises, and would serve without its jobs."""
    try:
        wiring.wire()
    except SignoffError as error:
        sys.stderr.write(f"signoff: {error.sentence}\n")
        _end(2)
    except Exception:
        log.exception("not_wired", reference=secrets.token_hex(4))
        _end(1)


def _end(status: int) -> None:
    # Whoever starts it again (the runner, a pool) is not made to spin.
    time.sleep(1.0)
    os._exit(status)


class _Wiring:
    """What the jobs of this process need, made once in it."""

    def __init__(
        self,
        kind: str,
        settings: Settings,
        environ: Mapping[str, str],
        *,
        name: str = "",
        size: int = 1,
    ) -> None:
        self._name, self._size = name, size
        self._kind, self._settings, self._environ = kind, settings, environ
        self._handlers: Mapping[str, Handler] = {}
        self._failures: Failures | None = None
        self._lost: deque[str] = deque(maxlen=100)

    def check(self) -> Floor:
        """Read everything once, so that bad configuration stops the start with a sentence."""
        floor = lay_floor(self._settings, self._environ, acting=self._acts)
        if self._acts:
            import bot.tool_jobs  # noqa: F401 - before the pool forks, once for all its children
        else:
            from bot.graph_jobs import check_start

            check_start(floor)
        floor.db.engine.dispose()
        self._failures = _failures(floor)
        return floor

    def wire(self) -> None:
        """Make the jobs' handlers; in a forked pool this runs in the child."""
        floor = lay_floor(self._settings, self._environ, acting=self._acts)
        relay = Relay(Doorbell(self._settings.redis_url))
        relay.start()
        floor.db.wake = relay.wake
        self._failures = _failures(floor)
        self._handlers = self._jobs(floor)

    def _jobs(self, floor: Floor) -> Mapping[str, Handler]:
        # Each kind imports what it needs and no more.
        if self._acts:
            from bot.tool_jobs import tool_jobs
            from tools.lanes import Lanes

            folder = self._settings.data / "run" / f"lanes-{self._name}"
            return tool_jobs(floor, Lanes.of_pool(folder, self._size))
        from bot.graph_jobs import graph_jobs
        from graphs.runtime.drain import Drain

        drain = Drain()
        # Celery's warm stop waits for its jobs: these end or are handed over in time. Tool workers
        # need no such thing: every call of theirs has its time limit.
        signals.worker_shutting_down.connect(lambda **_: drain.begin(), weak=False)
        return graph_jobs(floor, drain)

    def failed(self, job: str, args: Mapping[str, Any], error: BaseException) -> None:
        """Count a failed try of this job."""
        if self._failures is not None:
            self._failures.note(job, args, error)

    def lost(
        self, sender: Any, task_id: str, exception: BaseException, kwargs: Any, **_more: Any
    ) -> None:
        """A child died with its job, or was ended at its limit: nobody else counts it."""
        if task_id in self._lost:  # Celery tells of the limit, and of the child it then killed
            return
        self._lost.append(task_id)
        self.failed(sender.name, dict(kwargs), exception)
        if self._failures is not None:
            # The pool forks on: no child is to inherit an open connection.
            self._failures.db.engine.dispose()

    def handler(self, job: str) -> Handler:
        return self._handlers[job]

    @property
    def _acts(self) -> bool:
        return self._kind == "tools"


def _task(job: str, wiring: _Wiring) -> Callable[..., None]:
    def run(**args: Any) -> None:
        with structlog.contextvars.bound_contextvars(job=job, **args):
            try:
                wiring.handler(job)(**args)
            except SignoffError as error:
                # Its outbox row stays open: the sweeper brings it back.
                log.warning("job_put_off", error=type(error).__name__, detail=error.sentence)
                wiring.failed(job, args, error)
            except Exception as error:
                log.exception("job_failed", reference=secrets.token_hex(4))
                wiring.failed(job, args, error)

    run.__name__ = job
    return run


def _failures(floor: Floor) -> Failures:
    limits = floor.settings.limits
    patience = Patience(tries=int(limits.get("job_tries", Patience.tries)))
    return Failures(floor.db, floor.log, floor.people, floor.clock, patience)


def _limit(floor: Floor) -> float:
    longest = max(tool.timeout_s for tool in floor.registry.tools)
    return max(_HARD_LIMIT_S, longest + 2.0)
