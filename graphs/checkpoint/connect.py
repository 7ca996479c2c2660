"""Opening the saver on a server's address."""

from __future__ import annotations

from datetime import timedelta

import redis
import redis.asyncio
from langgraph.checkpoint.serde.base import SerializerProtocol
from redis.connection import parse_url

from graphs.checkpoint.driver import AsyncClient
from graphs.checkpoint.link import Address, Link
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
    client = redis.Redis.from_pool(_pool(url, connections, timeout_s))
    return RedisSaver(client, ttl=ttl, waiting=waiting, serde=serde)


def open_async_saver(
    url: str,
    *,
    ttl: timedelta = WEEK,
    waiting: timedelta | None = None,
    serde: SerializerProtocol | None = None,
    connections: int = 20,
    timeout_s: float = 2.0,
) -> RedisSaver:
    """As `open_saver`, with an asyncio client for the async methods: one connection for all."""
    client = redis.Redis.from_pool(_pool(url, connections, timeout_s))
    return RedisSaver(client, _aclient(url, timeout_s), ttl=ttl, waiting=waiting, serde=serde)


def _aclient(url: str, timeout_s: float) -> AsyncClient:
    asked: dict[str, object] = dict(parse_url(url))  # type: ignore[no-untyped-call]
    asked.pop("connection_class", None) if "path" in asked else None
    if asked.keys() <= set(Address._fields):
        return Link(Address(**asked), timeout_s=timeout_s)  # type: ignore[arg-type]
    # TLS and options of a URL are redis-py's.
    return redis.asyncio.Redis.from_url(
        url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s
    )


def _pool(url: str, connections: int, timeout_s: float) -> redis.BlockingConnectionPool:
    # It waits for a free connection; the default pool raises at high concurrency.
    return redis.BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=timeout_s,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
    )
