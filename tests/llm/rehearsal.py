"""The rehearsal model on a free port of this process, for tests of what talks to models."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from aiohttp import web

from sandbox.closing import close
from sandbox.model.server import make_app


class Rehearsal:
    """Its address, its script, and its invoice."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.base_url = f"{root}/v1"

    def script(self, *turns: dict[str, Any], match: str | None = None) -> None:
        body: dict[str, Any] = {"turns": list(turns)}
        if match is not None:
            body["match"] = match
        self._post("/script", body)

    def fault(self, kind: str, times: int = 1, seconds: float = 0.01) -> None:
        self._post("/faults", {"kind": kind, "times": times, "seconds": seconds})

    def calls(self) -> list[dict[str, Any]]:
        """Chat requests asked so far, oldest first."""
        lines = httpx.get(f"{self.root}/invoice", trust_env=False).json()["calls"]
        return [line for line in lines if line["kind"] == "chat"]

    def _post(self, path: str, body: dict[str, Any]) -> None:
        httpx.post(f"{self.root}{path}", json=body, trust_env=False).raise_for_status()


@contextmanager
def rehearsal_model() -> Iterator[Rehearsal]:
    """A fresh model: empty invoice, no script."""
    started: list[str] = []
    ready, ended = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        runner = web.AppRunner(make_app(), shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        started.append(f"http://127.0.0.1:{port}")
        ready.set()
        await ended.wait()
        await close(runner)

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert ready.wait(60)
    try:
        yield Rehearsal(started[0])
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(60)
        loop.close()
