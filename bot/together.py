"""What arrives while a transaction runs shares the next one: group commit, for one event loop.

Alone, a message waits for nobody; under load there are fewer transactions, not longer queues.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from core.errors import StorageError

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Together at most: other writers wait for the whole.
MOST = 50


class Together(Generic[Item, Result]):
    """Calls `write` on a thread with all items that wait, one call at a time.

    `write` takes them all or raises and takes none. Belongs to one event loop.
    """

    def __init__(self, write: Callable[[Sequence[Item]], Sequence[Result]]) -> None:
        self._write = write
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def take(self, item: Item) -> Result:
        """What `write` returned for this item, once it returned. Raises what it raised: that of
        the item alone, where it was taken with others and they failed."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all())
        return await future

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                results = await asyncio.to_thread(self._results, [item for item, _ in batch])
                for (_, future), result in zip(batch, results, strict=True):
                    _settle(future, result)
        finally:
            self._writer = None

    def _results(self, items: Sequence[Item]) -> Sequence[Result | Exception]:
        try:
            return self._write(items)
        except Exception as error:  # noqa: BLE001 - each waiting caller is given it
            return [error] if len(items) == 1 else self._one_by_one(items)

    def _one_by_one(self, items: Sequence[Item]) -> list[Result | Exception]:
        """One that cannot be written does not take the others with it."""
        results: list[Result | Exception] = []
        for number, item in enumerate(items):
            try:
                results += self._write([item])
            except StorageError as error:
                # Nothing can be written now: the rest need not wait for its time-outs.
                return [*results, *[error] * (len(items) - number)]
            except Exception as error:  # noqa: BLE001 - this item's own
                results.append(error)
        return results


def _settle(future: asyncio.Future[Result], result: Result | Exception) -> None:
    if future.done():
        return  # whoever asked has been cancelled; it is written all the same
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
