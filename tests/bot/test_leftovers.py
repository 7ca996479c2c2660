"""What a killed runner left behind is gone, ports and all, before the next start goes on."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from bot.runner.leftovers import end_leftovers

#: Listens, and dies slowly: its other threads are many, its first thread is a zombie before them.
_MANY_THREADS = """
import socket, sys, threading
server = socket.create_server(("127.0.0.1", 0))
for _ in range(200):
    threading.Thread(target=threading.Event().wait).start()
print(server.getsockname()[1], flush=True)
threading.Event().wait()
"""


def test_a_leftover_with_many_threads_has_freed_its_port(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    for _ in range(20):
        left = subprocess.Popen(
            [sys.executable, "-c", _MANY_THREADS],
            env={**os.environ, "SIGNOFF_DATA": str(tmp_path)},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        with left:
            assert left.stdout is not None
            port = int(left.stdout.readline())
            (tmp_path / "run" / "left.pid").write_text(str(left.pid))

            end_leftovers(tmp_path)

            with socket.socket() as again:
                again.bind(("127.0.0.1", port))
            assert left.wait() == -signal.SIGKILL
