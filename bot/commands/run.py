"""`signoff demo` and `signoff up`."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Mapping

from bot.runner.plan import Plan, Ports, demo_plan, up_plan
from bot.runner.supervisor import Supervisor


def run(args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Start everything, say what is ready, keep it alive until Ctrl-C or SIGTERM."""
    ports, data = Ports(args.port), args.data.absolute()
    data.mkdir(parents=True, exist_ok=True)
    make = demo_plan if args.command == "demo" else up_plan
    plan = make(ports, data, environ)
    supervisor = Supervisor(data, plan.env, _say)
    ports.require_free()  # after the supervisor ended what a killed one left behind
    return _supervise(plan, supervisor)


def _supervise(plan: Plan, supervisor: Supervisor) -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: supervisor.end())
    try:
        supervisor.start(plan.processes)
        if not supervisor.ending:
            _say("")
            for line in plan.closing:
                _say(line)
        supervisor.watch()
    finally:
        _say("Stopping …")
        supervisor.stop()
        _say("Stopped. Everything is kept; the next start goes on from here.")
    return 0


def _say(line: str) -> None:
    print(line, flush=True)
