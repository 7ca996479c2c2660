"""A tool worker whose tool hangs in C and lets no thread of Python run: only its limit ends it.

python stuck_worker.py DATABASE_URL TILL_URL BROKER_URL
"""

from __future__ import annotations

import ctypes
import sys
from dataclasses import replace
from typing import Any

from celery import signals
from road import Road
from till_tools import connector

from bot.broker import make_celery
from bot.failures import Failures
from bot.workers import _task, _Wiring
from core.clock import SystemClock
from core.db import open_database
from tools.registry import Registry


def main(url: str, till_url: str, broker: str) -> None:
    road = Road.over(open_database(url), SystemClock(), till_url)
    made = connector(till_url)
    tools = tuple(_hanging(tool) if tool.name == "till.order" else tool for tool in made.tools)
    wiring = _Wiring("tools", None, {})  # type: ignore[arg-type]
    executor = road.changed(registry=Registry.of([replace(made, tools=tools)])).executor
    wiring._handlers = {"execute": executor.run}
    deps = road.deps
    wiring._failures = Failures(open_database(url), deps.log, deps.people, deps.clock)
    app = make_celery(broker, hard_limit_s=2.0)
    app.task(name="execute", bind=False)(_task("execute", wiring))
    signals.task_failure.connect(wiring.lost, weak=False)
    argv = ["worker", "--pool", "prefork", "--concurrency", "1", "--queues", "tools"]
    app.worker_main([*argv, "--loglevel", "ERROR", "--without-gossip", "--without-mingle"])


def _hanging(tool: Any) -> Any:
    def run(args: Any, call: Any) -> Any:
        """Order goods."""
        tool.run(args, call)
        # Unlike CDLL, PyDLL keeps the interpreter's lock while it calls.
        ctypes.PyDLL(None).sleep(600)

    return replace(tool, run=run)


if __name__ == "__main__":
    main(*sys.argv[1:])
