"""Ending a server of this event loop so that no accepted connection stays behind."""

import asyncio

from aiohttp import web

#: A connection accepted last is with its handler within these rounds of the loop.
_ROUNDS = 5


async def close(runner: web.AppRunner) -> None:
    """Stop accepting, let what was accepted reach its handler, then close all connections.

    `cleanup` alone loses a connection accepted a moment before: its transport is made when the
    server has closed, which fails, and nobody closes it until the garbage collector meets it.
    """
    loop = asyncio.get_running_loop()
    for site in runner.sites:
        for listening in getattr(site, "_server").sockets:  # noqa: B009 - aiohttp has no public way
            loop.remove_reader(listening.fileno())
    await _rounds()
    await runner.cleanup()
    await _rounds()  # a closed transport goes with the loop's next round


async def _rounds() -> None:
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)
