"""One Chroma server for the session, as the Procfile starts it, and a store over it."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from vectors import embed

from core.db import Database
from memory.index import Index
from memory.notes import Keeping, NoteStore
from sandbox.ports import free_block

_workspaces = (f"T{number}" for number in itertools.count())


@pytest.fixture(scope="session")
def chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running Chroma server."""
    port = free_block()
    command = [Path(sys.executable).with_name("chroma"), "run", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--path", tmp_path_factory.mktemp("chroma")]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{url}/api/v2/heartbeat", server)
        yield url
    finally:
        server.terminate()
        server.wait(60)


@pytest.fixture
def workspace() -> str:
    """A workspace of the test's own: nothing of another test is in its collection."""
    return next(_workspaces)


@pytest.fixture
def index(chroma: str, workspace: str) -> Index:
    return Index(chroma, workspace_id=workspace, embed=embed, model="letters@1", timeout_s=60.0)


@pytest.fixture
def store(db: Database, index: Index, workspace: str) -> NoteStore:
    return NoteStore(db, index, workspace_id=workspace, keeping=Keeping())


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if server.poll() is not None:
            pytest.fail(f"chroma ended with {server.returncode}")
        try:
            httpx.get(url, timeout=1.0).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(0.1)
    pytest.fail("chroma did not become ready")
