"""Server-Sent Events: which fragments of one open page have changed.

The workspace tells of its own changes at once. The office and the bot tell nothing by themselves:
they are asked every second while somebody looks.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from aiohttp import web

from sandbox.page.outside import World
from sandbox.page.reading import Reading
from sandbox.page.staging import Asked, stage

Notice = Mapping[str, Any]

_ASK_EVERY = 1.0
_FRAGMENTS = {
    "message": ("messages", "guide"),
    "status": ("messages",),
    "home": ("home",),
    "view": ("dialog",),
    "plug": ("outside", "guide"),
    "app": ("guide",),
}
_IN_OPEN_THREAD = ("thread", "guide")


class Streams:
    """The open event streams of one application."""

    def __init__(self, reading: Reading, world: World) -> None:
        self._reading = reading
        self._world = world
        self._open: set[asyncio.Task[Any]] = set()

    async def serve(self, request: web.Request, asked: Asked) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            # Listening begins before the browser hears that the stream is open and looks again.
            with self._reading.notices() as queue:
                await response.prepare(request)
                await response.write(b"retry: 1000\n\n")
                async for line in self._lines(queue, asked):
                    await response.write(line)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(task)
        return response

    async def close(self) -> None:
        """Ends every stream: a server that stops must not wait for browsers to leave."""
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _lines(
        self, queue: "asyncio.Queue[dict[str, Any]]", asked: Asked
    ) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        seen, ask_at = await self._look(asked), loop.time() + _ASK_EVERY
        while True:
            try:
                left = max(ask_at - loop.time(), 0.0)
                yield change(await asyncio.wait_for(queue.get(), left), asked)
            except TimeoutError:
                now, ask_at = await self._look(asked), loop.time() + _ASK_EVERY
                changed = [name for name in now if now[name] != seen[name]]
                seen = now
                # The comment finds out that a browser left, even when nothing changes.
                yield sent(changed) if changed else b": still here\n\n"

    async def _look(self, asked: Asked) -> dict[str, object]:
        scene = stage(self._reading, asked)
        shown = (*scene.messages, *scene.replies)
        return {
            # What runs out of time ends without a notice: streams, status lines, sessions.
            "messages": (
                [(one.ts, one.growing) for one in shown if one.growing is not None],
                scene.work,
            ),
            "outside": await self._world.outside(),
            "story": await self._world.story(scene.place, scene.told),
        }


def change(notice: Notice, asked: Asked) -> bytes:
    """The event for one notice of the workspace, as seen by one page."""
    kind = str(notice.get("kind", ""))
    channel = str(notice.get("channel", ""))
    if channel and channel != asked.channel:
        return sent([], channel)
    thread_ts = notice.get("thread_ts")
    if thread_ts and thread_ts == asked.thread_ts and notice.get("ts") != thread_ts:
        return sent(_IN_OPEN_THREAD)
    return sent(_FRAGMENTS.get(kind, ("messages", "guide")))


def sent(fragments: "list[str] | tuple[str, ...]", channel: str = "") -> bytes:
    body = json.dumps({"fragments": list(fragments), **({"channel": channel} if channel else {})})
    return f"event: change\ndata: {body}\n\n".encode()
