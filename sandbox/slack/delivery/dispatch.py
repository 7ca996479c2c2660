"""Sends parcels, tries again what must be tried again, and keeps the journal of it."""

import asyncio
from collections.abc import Callable

from sandbox.slack.delivery.parcel import Attempt, Parcel, Transport
from sandbox.slack.faults import Faults
from sandbox.slack.journal import Delivery, Journal


class Dispatcher:
    """`retry_delays`: seconds before each retry of an event. Clicks and commands are never retried:
    there Slack shows the person a warning instead."""

    def __init__(
        self,
        *,
        transport: Transport,
        journal: Journal[Delivery],
        faults: Faults,
        retry_delays: tuple[float, ...],
        now: Callable[[], float],
    ) -> None:
        self.transport = transport
        self.journal = journal
        self._faults = faults
        self._retry_delays = retry_delays
        self._now = now
        self._tasks: set[asyncio.Task[Attempt]] = set()

    async def send(self, parcel: Parcel) -> Attempt:
        """Delivers it, twice when that fault is armed; the first one's last attempt counts."""
        twice = self._faults.take("duplicate_delivery")
        sending = self._deliver(parcel)
        if twice is None:
            return await sending
        first, _ = await asyncio.gather(sending, self._deliver(parcel))
        return first

    def post(self, parcel: Parcel) -> None:
        """Delivers it in the background, in the order of the calls."""
        task = asyncio.create_task(self.send(parcel))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Gives up what is still under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _deliver(self, parcel: Parcel) -> Attempt:
        entry = self.journal.add(
            Delivery(
                n=self.journal.number(),
                kind=parcel.kind,
                type=parcel.type,
                event_id=parcel.event_id,
                transport=self.transport.name,
                at=self._now(),
            )
        )
        attempt = await self._attempt(entry, parcel, retry=0, reason="")
        if parcel.kind != "events_api":
            return attempt
        for retry, delay in enumerate(self._retry_delays, start=1):
            if attempt.acked or attempt.no_retry:
                break
            await asyncio.sleep(delay)
            attempt = await self._attempt(entry, parcel, retry=retry, reason=attempt.reason)
        return attempt

    async def _attempt(
        self, entry: Delivery, parcel: Parcel, *, retry: int, reason: str
    ) -> Attempt:
        attempt = await self.transport.attempt(parcel, retry=retry, reason=reason)
        entry.attempts.append({"status": attempt.status, "retry": retry, "reason": attempt.reason})
        return attempt
