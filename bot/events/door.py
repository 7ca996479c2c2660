"""POST /events/SOURCE: other systems tell of what happened, signed (Standard Webhooks)."""

from __future__ import annotations

import asyncio
import json
import math
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import structlog
from aiohttp import web

from bot.deps import BotDeps
from bot.events.intake import Arrived, Left, Start, TooMany, take_event
from bot.events.making import made, meant
from bot.events.rules import EventRule
from bot.events.signatures import is_genuine, is_id
from bot.members import Members
from bot.places import Places
from core.faultpoints import point_async

PATH = "/events/{source}"
#: The standard advises senders to stay below 20 kB.
LONGEST = 64_000
_DEEPEST = 20
#: Seconds in which the whole of it must have come.
_PATIENCE_S = 10

log = structlog.get_logger()


class Refused(Exception):
    """An answer other than 200: its status, and why, for whoever set the sender up."""

    def __init__(self, status: int, why: str, **headers: str) -> None:
        super().__init__(why)
        self.status, self.why, self.headers = status, why, headers


@dataclass(frozen=True)
class Door:
    """What the intake of events needs. Belongs to one event loop."""

    deps: BotDeps
    members: Members
    places: Places


def make_events(deps: BotDeps) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler of `PATH`. It answers 200 once the event stands in the database."""
    door = Door(
        deps,
        Members(deps.web, deps.identity.team_id, deps.people, deps.clock),
        Places(deps.web, deps.clock),
    )

    async def handle(request: web.Request) -> web.Response:
        try:
            said = await _taken(door, request)
        except Refused as refused:
            log.info("event_refused", status=refused.status, why=refused.why)
            answer = {"error": refused.why}
            return web.json_response(answer, status=refused.status, headers=refused.headers)
        except Exception:
            reference = secrets.token_hex(4)
            log.exception("event_failed", reference=reference)
            error = f"This was not taken (reference {reference}). Please send it again."
            return web.json_response({"error": error}, status=503)
        return web.json_response(said)

    return handle


async def _taken(door: Door, request: web.Request) -> dict[str, Any]:
    arrived = await _arrived(door.deps, request)
    starts, left = await _sorted_out(door, arrived)
    try:
        fresh = await asyncio.to_thread(take_event, door.deps, arrived, starts, left)
    except TooMany as error:
        wait = str(max(1, math.ceil(error.wait.total_seconds())))
        raise Refused(
            429, "Too many events. Please send it again later.", **{"Retry-After": wait}
        ) from None
    await point_async("event:committed")
    names = [one.rule.name for one in starts]
    log.info("event_taken", source=arrived.source, id=arrived.id, fresh=fresh, starts=names)
    return {"status": "taken" if fresh else "known", "starts": names if fresh else []}


async def _arrived(deps: BotDeps, request: web.Request) -> Arrived:
    """The event, once it is known to be the source's. Raises `Refused`."""
    source = request.match_info["source"]
    keys = deps.event_keys.get(source)
    if not keys:
        raise Refused(404, "No source of this name sends events here.")
    id, at, given = (
        request.headers.get(name, "")
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    )
    if not (is_id(id) and at and given):
        raise Refused(400, "The headers webhook-id, webhook-timestamp, webhook-signature are due.")
    body = await _body(request)
    if not is_genuine(keys, id, at, body, given, now=deps.clock.now()):
        raise Refused(401, "The signature is not this source's, or more than 5 minutes old.")
    return Arrived(source, id, _event(body))


async def _body(request: web.Request) -> bytes:
    if request.headers.get("Content-Encoding"):
        raise Refused(415, "Please send it unpacked.")
    body = bytearray()
    try:
        async with asyncio.timeout(_PATIENCE_S):
            async for chunk in request.content.iter_chunked(8_192):
                body += chunk
                if len(body) > LONGEST:
                    raise Refused(413, f"An event has {LONGEST:,} bytes at most.")
    except TimeoutError:
        raise Refused(408, "It did not come in time.") from None
    return bytes(body)


def _event(body: bytes) -> dict[str, Any]:
    def never(_constant: str) -> NoReturn:
        raise ValueError("no number")

    def finite(text: str) -> float:
        number = float(text)  # 1e999 is spelled as JSON wants it, and is infinite all the same
        return number if math.isfinite(number) else never(text)

    try:
        event = json.loads(body, parse_constant=never, parse_float=finite)
    except (ValueError, RecursionError):
        raise Refused(400, "The body is not JSON.") from None
    if not isinstance(event, dict):
        raise Refused(400, "The body is not a JSON object.")
    if not _shallow(event, _DEEPEST):
        raise Refused(400, f"The body is nested more than {_DEEPEST} deep.")
    return event


def _shallow(value: Any, left: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return left > 0 and all(_shallow(one, left - 1) for one in inner)


async def _sorted_out(door: Door, arrived: Arrived) -> tuple[list[Start], list[Left]]:
    """What each rule that means this event makes of it."""
    starts: list[Start] = []
    left: list[Left] = []
    for rule in meant(door.deps.event_rules, arrived):
        happened = made(rule, arrived, served=await _served(door, rule))
        if isinstance(happened, Left):
            left.append(happened)
            continue
        channel = rule.entry.channel
        place, readers = await door.places.name(channel), await door.places.readers(channel)
        starts.append(Start(rule, happened, place, readers))
    return starts, left


async def _served(door: Door, rule: EventRule) -> bool:
    owner = door.deps.people.by_id(rule.entry.owner)
    account = await door.members.look(owner.slack_id) if owner else None
    return account is not None and account.principal is not None
