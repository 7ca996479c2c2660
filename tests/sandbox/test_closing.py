"""A server that ends leaves no connection behind, also none that it had only just accepted."""

import asyncio
import contextlib
import gc
import socket

import pytest
from aiohttp import web

from sandbox.closing import close


@pytest.mark.parametrize("rounds", range(5))
async def test_a_connection_accepted_at_the_last_moment_is_closed(rounds: int) -> None:
    runner = web.AppRunner(web.Application(), shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    loop = asyncio.get_running_loop()
    client = socket.create_connection(runner.addresses[0][:2])
    client.setblocking(False)
    for _ in range(rounds):  # accepted, handed on, made: somewhere between
        await asyncio.sleep(0)

    await close(runner)

    # Reset by the system when it was never accepted.
    with client, contextlib.suppress(ConnectionResetError):
        assert await asyncio.wait_for(loop.sock_recv(client, 1), 5) == b""
    gc.collect()  # an unclosed transport is an error here
