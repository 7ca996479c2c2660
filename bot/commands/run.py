"""`signoff demo` and `signoff up`."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Mapping
from pathlib import Path

from bot.runner.plan import Plan, demo_plan, up_plan
from bot.runner.ports import Ports
from bot.runner.supervisor import Supervisor
from core.errors import ConfigError


def run(args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Start everything, say what is ready, keep it alive until Ctrl-C or SIGTERM."""
    ports, data = Ports(args.port), _folder(args.data)
    # First of all: the plan writes into the folder, and a killed runner's processes hold ports.
    supervisor = Supervisor(data, _say)
    ports.require_free()
    make = demo_plan if args.command == "demo" else up_plan
    return _supervise(make(ports, data, environ), supervisor)


def _supervise(plan: Plan, supervisor: Supervisor) -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: supervisor.end())
    try:
        supervisor.start(plan.processes, plan.env)
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


def _folder(wanted: Path) -> Path:
    path = wanted.absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be used as the folder ({error.strerror}). Choose another with --data."
        ) from error
    return path


def _say(line: str) -> None:
    print(line, flush=True)
