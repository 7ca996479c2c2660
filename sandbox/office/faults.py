"""Troubles that can be set: what goes wrong, at which call, before or after its effect."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sandbox.office.answers import Refusal

_MOMENTS = ("before", "after")
_ACTIONS = ("delay", "drop", "kill", "status", "garbage")
_PROCESS = re.compile(r"[a-z][a-z-]{0,40}")


@dataclass(frozen=True)
class Fault:
    """`match` is the start of "METHOD /path", or "SMTP DATA"; `times` counts down to 0."""

    match: str
    moment: str
    action: str
    seconds: float = 1.0
    status: int = 500
    process: str = ""
    times: int = 1

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Fault:
        """Raises `Refusal` naming what is wrong with it."""
        unknown = set(body) - set(cls.__dataclass_fields__)
        if unknown:
            raise Refusal(422, "bad_fault", f"unknown: {', '.join(sorted(unknown))}")
        try:
            fault = cls(
                match=str(body["match"]),
                moment=str(body.get("moment", "before")),
                action=str(body["action"]),
                seconds=float(body.get("seconds", 1.0)),
                status=int(body.get("status", 500)),
                process=str(body.get("process", "")),
                times=int(body.get("times", 1)),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise Refusal(422, "bad_fault", f"match and action are needed: {error}") from error
        if fault.moment not in _MOMENTS or fault.action not in _ACTIONS:
            raise Refusal(
                422, "bad_fault", f"moment: {' | '.join(_MOMENTS)}; action: {' | '.join(_ACTIONS)}"
            )
        if fault.action == "kill" and not _PROCESS.fullmatch(fault.process):
            raise Refusal(422, "bad_fault", "kill needs the name of a process, like worker-tools")
        return fault


@dataclass
class Faults:
    """Those that are set, and which processes they killed. `run_dir` holds the pid files."""

    run_dir: Path
    armed: list[Fault] = field(default_factory=list)
    killed: list[dict[str, Any]] = field(default_factory=list)

    def take(self, call: str, moment: str) -> Fault | None:
        """The first fault for this call and moment, counted down."""
        for place, fault in enumerate(self.armed):
            if fault.moment == moment and call.startswith(fault.match):
                left = replace(fault, times=fault.times - 1)
                self.armed[place : place + 1] = [left] if left.times > 0 else []
                return fault
        return None

    def kill(self, fault: Fault, at: datetime) -> None:
        """SIGKILL to the process whose pid file has that name; recorded either way."""
        try:
            pid = int((self.run_dir / f"{fault.process}.pid").read_text())
            if pid <= 1 or pid == os.getpid():
                pid = 0
            else:
                os.kill(pid, signal.SIGKILL)
        except (OSError, ValueError):
            pid = 0
        self.killed.append({"process": fault.process, "pid": pid, "at": at.isoformat()})
