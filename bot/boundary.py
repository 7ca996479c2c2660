"""One error boundary around every listener.

What fails before its transaction stood gets no 200, so that Slack delivers it again; what fails
after it is acknowledged. Either way the person gets a reference, never an exception's text.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncBoltRequest

from approvals.owners import tell_owners
from bot.deps import BotDeps
from bot.intake import Said, Taken
from bot.members import Account, Members, stranger
from bot.places import Places
from bot.together import Together
from core.errors import SignoffError

log = structlog.get_logger()

#: Slack's last retry of an event: after it nobody will try again.
_LAST_RETRY = 3


class NotRecorded(SignoffError):
    """This delivery could not be recorded."""


class Later:
    """What may happen after the acknowledgement and may be lost: words only one person sees."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def run(self, work: Awaitable[Any]) -> None:
        task = asyncio.ensure_future(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Wait for what is under way, and for what follows from it."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def _guarded(self, work: Awaitable[Any]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - best effort by definition; nothing depends on it
            log.warning("afterword_failed", error=type(error).__name__)


@dataclass(frozen=True)
class Edge:
    """What every listener shares."""

    deps: BotDeps
    members: Members
    places: Places
    later: Later
    messages: Together[Said, Taken]


@dataclass
class Delivery:
    """One thing Slack delivered. `recorded` is set once its transaction stands."""

    edge: Edge
    body: dict[str, Any]
    ack: AsyncAck
    retry: int = 0
    recorded: bool = False
    _acked: bool = field(default=False, repr=False)

    @property
    def deps(self) -> BotDeps:
        return self.edge.deps

    @property
    def user(self) -> str:
        body, event = self.body, self.body.get("event") or {}
        user = body.get("user_id") or event.get("user") or (body.get("user") or {}).get("id")
        return user if isinstance(user, str) else ""

    @property
    def channel(self) -> str | None:
        body, event = self.body, self.body.get("event") or {}
        channel = body.get("channel_id") or event.get("channel")
        return channel or (body.get("channel") or {}).get("id")

    @property
    def thread_ts(self) -> str | None:
        message = self.body.get("message") or self.body.get("event") or {}
        thread: str | None = message.get("thread_ts")
        return thread

    async def account(self) -> Account:
        """Who sent this. Who comes from another workspace by the payload is not looked up."""
        if _teams(self.body) - {self.deps.identity.team_id}:
            return stranger(self.user)
        account = await self.edge.members.look(self.user)
        if account.problem is not None:
            await asyncio.to_thread(_tell_owners, self.deps, account.problem)
        return account

    async def answer(self, **payload: Any) -> None:
        """Acknowledge, once."""
        if not self._acked:
            self._acked = True
            await self.ack(**payload)

    def whisper(self, text: str) -> None:
        """Tell this person alone, after the acknowledgement, best effort."""
        if self.channel and self.user:
            self.edge.later.run(self._whisper(text))

    async def _whisper(self, text: str) -> None:
        await self.deps.web.chat_postEphemeral(
            channel=self.channel or "", user=self.user, text=text, thread_ts=self.thread_ts
        )


def _teams(body: Mapping[str, Any]) -> set[str]:
    """Every workspace that this payload says its sender is of, or typed or submitted it in."""
    found = [(body.get("user") or {}).get("team_id"), (body.get("event") or {}).get("user_team")]
    if "view" in body:
        found.append((body.get("team") or {}).get("id"))
    if "command" in body:
        found.append(body.get("team_id"))
    return {str(team) for team in found if team}


def _tell_owners(deps: BotDeps, problem: str) -> None:
    mend = (
        "I do not work for that account until slack_id or email is right in config/people.yaml "
        "and I am started again."
    )
    with deps.db.transaction() as session:
        tell_owners(session, deps.people, problem, mend, now=deps.clock.now())


Handler = Callable[[Delivery], Awaitable[None]]


def guarded(edge: Edge, handler: Handler) -> Callable[..., Awaitable[None]]:
    """The handler as a Bolt listener, inside the boundary."""

    async def listener(ack: AsyncAck, body: dict[str, Any], req: AsyncBoltRequest) -> None:
        delivery = Delivery(edge, body, ack, _retry(req))
        try:
            await handler(delivery)
        except Exception as error:
            reference = secrets.token_hex(4)
            log.exception("listener_failed", reference=reference, recorded=delivery.recorded)
            if _tells(delivery):
                delivery.whisper(went_wrong(reference))
            if not delivery.recorded:
                raise NotRecorded() from error
            await delivery.answer()

    return listener


def went_wrong(reference: str) -> str:
    return f"Something went wrong on my side (reference {reference}). Nothing was changed."


def _tells(delivery: Delivery) -> bool:
    # An unrecorded event comes again by itself: the person hears of it when it will not.
    is_event = "event" in delivery.body
    return delivery.recorded or (delivery.retry >= _LAST_RETRY if is_event else not delivery.retry)


def _retry(req: AsyncBoltRequest) -> int:
    value = (req.headers.get("x-slack-retry-num") or ["0"])[0]
    return int(value) if value.isdigit() else 0
