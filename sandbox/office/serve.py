"""Shop and mail server on one event loop, for the process and for tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from core.clock import Clock
from sandbox.office.api import Shop
from sandbox.office.calendar import collections
from sandbox.office.faults import Faults
from sandbox.office.post import PostOffice
from sandbox.office.store import Store
from sandbox.office.telling import Teller

_HOST = "127.0.0.1"


@dataclass(frozen=True)
class Served:
    """What to serve and where; port 0 takes a free one. `run_dir` holds pid files."""

    data: Path
    run_dir: Path
    key: str
    port: int
    smtp_port: int
    clock: Clock
    #: Where the shop tells of what happened; empty: nowhere.
    tells: str = ""


@dataclass(frozen=True)
class Addresses:
    """`url` of the shop, `smtp` as host:port."""

    url: str
    smtp: str


@asynccontextmanager
async def serve(served: Served) -> AsyncIterator[Addresses]:
    """Both servers, on loopback, for the life of the block."""
    store = Store(served.data / "office" / "shop.db")
    faults = Faults(served.run_dir)
    secret = served.data / "office" / "events.secret"
    teller = Teller(served.tells, secret, served.clock) if served.tells else None
    shop = Shop(store, faults, served.clock, served.key, collections(served.data), teller)
    post = PostOffice(served.data / "office" / "mail", store, faults, served.clock)
    runner = web.AppRunner(shop.app(), access_log=None)
    await runner.setup()
    mail: asyncio.Server | None = None
    try:
        site = web.TCPSite(runner, _HOST, served.port)
        await site.start()
        loop = asyncio.get_running_loop()
        mail = await loop.create_server(post.protocol, _HOST, served.smtp_port)
        port = runner.addresses[0][1]
        yield Addresses(f"http://{_HOST}:{port}", f"{_HOST}:{mail.sockets[0].getsockname()[1]}")
    finally:
        if mail:
            mail.close()
        if teller:
            await teller.close()
        await runner.cleanup()
        store.close()
