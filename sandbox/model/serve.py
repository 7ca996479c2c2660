"""The process: argument parsing, pid file, serving until it is told to stop."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web

from sandbox.model.server import make_app


def main(argv: Sequence[str]) -> int:
    """Serve on 127.0.0.1 until SIGINT or SIGTERM. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox model", description=main.__doc__)
    parser.add_argument("--port", type=int, default=8301)
    parser.add_argument("--data", type=Path, help="write DATA/run/model.pid while serving")
    options = parser.parse_args(argv)
    pid_file = _write_pid(options.data) if options.data else None
    try:
        web.run_app(
            make_app(),
            host="127.0.0.1",
            port=options.port,
            print=_say,
            # A scripted delay must not outlive the client that gave up, nor hold up the end.
            handler_cancellation=True,
            shutdown_timeout=1,
        )
    except OSError as error:
        print(
            f"The rehearsal model cannot use port {options.port}: {error}. Choose another --port."
        )
        return 1
    finally:
        if pid_file:
            pid_file.unlink(missing_ok=True)
    return 0


def _write_pid(data: Path) -> Path:
    pid_file = data / "run" / "model.pid"
    pid_file.parent.mkdir(parents=True, exist_ok=True)
    pid_file.write_text(f"{os.getpid()}\n")
    return pid_file


def _say(text: str) -> None:
    """aiohttp's own banner, in one line that also says what this is."""
    address = next((line for line in text.splitlines() if "http://" in line), text)
    print(
        f"Rehearsal model (pattern matcher, no weights): {address.strip('= ').strip()}", flush=True
    )
