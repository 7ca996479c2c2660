"""Opening the saver on a server's address."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import redis
import redis.asyncio
from langgraph.checkpoint.serde.base import SerializerProtocol

from graphs.checkpoint.saver import WEEK, RedisSaver


def open_saver(
    url: str,
    *,
    ttl: timedelta = WEEK,
    waiting: timedelta | None = None,
    serde: SerializerProtocol | None = None,
    connections: int = 20,
    timeout_s: float = 2.0,
) -> RedisSaver:
    """A saver over at most `connections` connections. Connects lazily.

    `timeout_s` bounds every trip, so that a hung server blocks nobody for long.
    """
    pool = redis.BlockingConnectionPool.from_url(url, **_limits(connections, timeout_s))
    return RedisSaver(redis.Redis.from_pool(pool), ttl=ttl, waiting=waiting, serde=serde)


def open_async_saver(
    url: str,
    *,
    ttl: timedelta = WEEK,
    waiting: timedelta | None = None,
    serde: SerializerProtocol | None = None,
    connections: int = 20,
    timeout_s: float = 2.0,
) -> RedisSaver:
    """As `open_saver`, with an asyncio client for the async methods beside the other."""
    limits = _limits(connections, timeout_s)
    pool = redis.BlockingConnectionPool.from_url(url, **limits)
    apool = redis.asyncio.BlockingConnectionPool.from_url(url, **limits)
    client, aclient = redis.Redis.from_pool(pool), redis.asyncio.Redis.from_pool(apool)
    return RedisSaver(client, aclient, ttl=ttl, waiting=waiting, serde=serde)


def _limits(connections: int, timeout_s: float) -> dict[str, Any]:
    # Blocking pools wait for a free connection; the default pool raises at high concurrency.
    return {
        "max_connections": connections,
        "timeout": timeout_s,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
    }
