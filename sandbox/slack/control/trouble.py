"""POST faults: Slack misbehaves, connections break, processes die. And the held clock."""

import contextlib
import os
import re
import signal

from aiohttp import web

from sandbox.slack.control.refusal import Refused, body_of, needed, optional
from sandbox.slack.delivery.socket_mode import SocketMode
from sandbox.slack.faults import KINDS, Fault
from sandbox.slack.methods.table import TABLE
from sandbox.slack.shapes import Json
from sandbox.slack.workspace import Workspace

_PROCESS = re.compile(r"[a-z][a-z0-9-]*")


class Trouble:
    def __init__(self, workspace: Workspace, socket_mode: SocketMode) -> None:
        self._workspace = workspace
        self._socket_mode = socket_mode

    async def faults(self, request: web.Request) -> Json:
        body = await body_of(request, "kind", "method", "times", "seconds", "process", "abrupt")
        kind = needed(body, "kind")
        if kind == "clear":
            self._workspace.faults.clear()
        elif kind == "disconnect":
            await self._socket_mode.disconnect(abrupt=bool(body.get("abrupt")))
        elif kind == "kill":
            return {"ok": True, "pid": self._kill(needed(body, "process"))}
        elif kind in KINDS:
            self._workspace.faults.arm(_fault(kind, body))
        else:
            known = ", ".join((*KINDS, "disconnect", "kill", "clear"))
            raise Refused(f"There is no fault {kind}. There is: {known}.")
        return {"ok": True}

    async def clock(self, request: web.Request) -> Json:
        """GET: where the held clock is. POST {"advance": seconds}: moves it for every process."""
        if request.method == "POST":
            body = await body_of(request, "advance")
            advance = body.get("advance")
            if not isinstance(advance, int | float) or isinstance(advance, bool):
                raise Refused("`advance` is needed, as a number of seconds.")
            self._move(advance)
        return {"ok": True, "offset": self._offset(), "now": self._workspace.now()}

    def _kill(self, process: str) -> int:
        """SIGKILL to the process of that name of this practice office; its pid."""
        if not _PROCESS.fullmatch(process):
            raise Refused("`process` must be the name of a process, such as worker-tools.")
        file = self._workspace.settings.data / "run" / f"{process}.pid"
        try:
            pid = int(file.read_text())
            if pid > 1:  # 0 and below would reach whole groups of processes
                os.kill(pid, signal.SIGKILL)
                return pid
        except (FileNotFoundError, ProcessLookupError, ValueError):
            pass
        raise Refused(f"No process {process} is running.", 404)

    def _offset(self) -> float:
        with contextlib.suppress(FileNotFoundError, ValueError):
            return float((self._workspace.settings.data / "clock").read_text())
        return 0.0

    def _move(self, seconds: float) -> None:
        """Written aside and put in place at once: other processes read it all the time."""
        data = self._workspace.settings.data
        part = data / "clock.part"
        part.write_text(str(self._offset() + seconds))
        os.replace(part, data / "clock")


def _fault(kind: str, body: Json) -> Fault:
    method, times, seconds = optional(body, "method"), body.get("times", 1), body.get("seconds", 1)
    if method is not None and method not in TABLE:
        raise Refused(f"There is no method {method}.", 404)
    if not isinstance(times, int) or times < 1:
        raise Refused("`times` must be a whole number from 1.")
    if not isinstance(seconds, int | float) or seconds < 0:
        raise Refused("`seconds` must be a number from 0.")
    return Fault(kind, method, times, float(seconds))
