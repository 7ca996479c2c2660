"""For tests: a practice workspace in this event loop, or as a process of its own."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from core.clock import Clock, FileClock
from sandbox.closing import close
from sandbox.slack.app import WORKSPACE, make_app
from sandbox.slack.settings import Settings
from sandbox.slack.workspace import Workspace

#: Short, so that a test of retries takes moments.
FAST_RETRIES = (0.05, 0.05, 0.05)
#: Of the app's time to acknowledge and to open a modal: a busy machine takes more than Slack's 3 s.
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Running:
    """`base_url` without a slash at its end; slack_sdk wants `api_url`."""

    base_url: str
    workspace: Workspace

    @property
    def api_url(self) -> str:
        return f"{self.base_url}/api/"


@dataclass(frozen=True)
class Started:
    """A workspace in another process."""

    base_url: str
    pid: int

    @property
    def api_url(self) -> str:
        return f"{self.base_url}/api/"


@contextlib.asynccontextmanager
async def running(
    settings: Settings | None = None, *, clock: Clock | None = None
) -> AsyncIterator[Running]:
    """Serves a workspace on a free port in this event loop. Without settings: a folder that goes
    away, and fast retries."""
    with tempfile.TemporaryDirectory() as folder:
        used = settings or Settings(data=Path(folder), retry_delays=FAST_RETRIES)
        app = make_app(used, clock or FileClock(used.data / "clock"))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            workspace = app[WORKSPACE]
            workspace.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield Running(workspace.base_url, workspace)
        finally:
            await close(runner)


@contextlib.contextmanager
def start(data: Path, *options: str) -> Iterator[Started]:
    """Starts `python -m sandbox slack` on a free port with these options; ends it by SIGTERM."""
    command = [sys.executable, "-m", "sandbox", "slack", "--port", "0", "--data", str(data)]
    command += ["--ack-seconds", str(PATIENCE_S), "--trigger-seconds", str(PATIENCE_S)]
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"the workspace did not start (exit code {process.wait()})")
            yield Started(json.loads(line)["url"], process.pid)
        finally:
            process.terminate()
            process.wait(timeout=60)
