"""Pull the plug: kills the tool worker in the middle of a refund, and tells what is seen of it.

Arming asks the office to kill the worker after the shop booked the refund and before the worker
hears the answer. What follows is watched from outside: the worker's pid file, and the office's
journal and counters.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.page.outside import World

WORKER = "worker-tools"
FAULT = {"match": "POST /refunds", "moment": "after", "action": "kill", "process": WORKER}
ARMED = "Armed: when the refund reaches the shop, the tool worker is killed before it hears back."
#: How often the worker's pid is looked at while armed; how long the recovery may take (seconds).
_EVERY = 0.1
_RECOVERY = 120.0


@dataclass(frozen=True)
class PlugLine:
    """`at` is seconds since 1970."""

    at: float
    text: str


@dataclass
class Plug:
    """The plug of one workspace. `changed` is called after every new line."""

    world: World
    pid_file: Path
    clock: Callable[[], float]
    changed: Callable[[], None]
    armed: bool = False
    lines: list[PlugLine] = field(default_factory=list)
    _watch: "asyncio.Task[None] | None" = None

    async def arm(self) -> str:
        """Sets the fault and starts watching; the reason when that is not possible, else empty."""
        pid = running_pid(self.pid_file)
        if pid is None:
            return "No tool worker runs here, so there is no plug to pull. Start `make demo`."
        if self.armed:
            return ""
        if not await self.world.arm(FAULT):
            return "The practice office does not answer, so the plug could not be armed."
        self.armed = True
        self.lines = [PlugLine(self.clock(), ARMED)]
        self.changed()
        self._watch = asyncio.create_task(self._follow(pid))
        return ""

    async def close(self) -> None:
        if self._watch:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch

    async def _follow(self, pid: int) -> None:
        """Stays armed until the refund comes, however long that takes."""
        try:
            await self._pid_is(lambda now: now != pid)
            self._say("Tool worker killed.")
            await self._pid_is(lambda now: now not in (None, pid))
            self._say("Back: a new tool worker is starting.")
            self._say(await self._ending())
        finally:
            self.armed = False
            self.changed()

    async def _pid_is(self, wanted: Callable[[int | None], bool]) -> None:
        async for _ in ticks(_EVERY):
            if wanted(running_pid(self.pid_file)):
                return

    async def _ending(self) -> str:
        """Waits for the shop to be asked again with the same key."""
        try:
            async with asyncio.timeout(_RECOVERY):
                async for _ in ticks(_EVERY * 5):
                    count = await self._refunds_when_asked_again()
                    if count is not None:
                        return f"Refund found by its key: the counter says {count}."
        except TimeoutError:
            pass
        return f"The shop was not asked again within {_RECOVERY:.0f} seconds: look at the counter."

    async def _refunds_when_asked_again(self) -> int | None:
        asked = [e for e in await self.world.journal() or () if is_refund(e)]
        keys = [str(e.get("key")) for e in asked]
        if not keys or keys.count(keys[-1]) < 2:
            return None
        return (await self.world.outside()).counters.get("refunds_4711")

    def _say(self, text: str) -> None:
        self.lines.append(PlugLine(self.clock(), text))
        self.changed()


async def ticks(seconds: float) -> AsyncIterator[None]:
    """Yields at once and then after each pause, for ever."""
    while True:
        yield
        await asyncio.sleep(seconds)


def running_pid(pid_file: Path) -> int | None:
    """The pid in the file when that process lives; None otherwise."""
    try:
        pid = int(pid_file.read_text())
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    return pid


def is_refund(entry: dict[str, object]) -> bool:
    return entry.get("method") == "POST" and str(entry.get("path", "")).startswith("/refunds")
