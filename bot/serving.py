"""The process that listens to Slack: Socket Mode or HTTP, with the same listeners."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler

from approvals.people import People
from bot.app import make_app
from bot.bootstrap import Floor
from bot.boundary import Later
from bot.deps import BotDeps
from bot.events.rules import EventRule, load_event_rules
from bot.events.signatures import read_keys
from bot.http import make_http
from bot.metrics import Lengths, make_metrics
from bot.schedules import load_automations
from bot.web import make_async_web, who_we_are_async
from core.errors import ConfigError
from core.outbox import Publish
from core.relay import Relay

log = structlog.get_logger()


async def serve(floor: Floor, publish: Publish, lengths: Lengths) -> None:
    """Serve until SIGTERM; `lengths` tells how long the broker's queues are.

    Raises `ConfigError` when Slack does not take the token, or the people file belongs to another
    workspace.
    """
    relay = Relay(publish)
    relay.start()
    floor.db.wake = relay.wake
    floor.db.urgent = True
    deps = await _deps(floor)
    bolt = make_app(deps, Later())
    settings, app_token = floor.settings, floor.settings.slack().app_token
    http = make_http(deps, bolt=None if app_token else bolt, practice=settings.practice)
    stop = _stop_event()
    socket = None
    if app_token:
        socket = AsyncSocketModeHandler(bolt, app_token, web_client=deps.web)
        await socket.connect_async()  # type: ignore[no-untyped-call]
    served = [await _served(http, settings.host, settings.port)]
    if settings.metrics is not None:
        served.append(await _served(make_metrics(deps, lengths), *settings.metrics))
    await stop.wait()
    if socket is not None:
        await socket.close_async()  # type: ignore[no-untyped-call]
    for runner in served:
        await runner.cleanup()
    relay.stop()


async def _served(app: web.Application, host: str, port: int) -> web.AppRunner:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner


async def _deps(floor: Floor) -> BotDeps:
    settings = floor.settings
    access = settings.slack()
    client = make_async_web(access.bot_token, settings.slack_api_url)
    identity = await who_we_are_async(client)
    if identity.team_id != floor.people.workspace_id:
        raise ConfigError(
            f"people.yaml is for the workspace {floor.people.workspace_id}, but the token is for "
            f"{identity.team_id}. Write `workspace: {identity.team_id}` and your people there."
        )
    path, keys = settings.config / "automations.yaml", read_keys(settings.event_secrets)
    automations = load_automations(path)
    return BotDeps(
        db=floor.db,
        log=floor.log,
        clock=floor.clock,
        people=floor.people,
        policy=floor.policy,
        registry=floor.registry,
        identity=identity,
        web=client,
        automations=automations.scopes,
        event_rules=_rules(path, floor.people, keys, automations.rates),
        event_keys=keys,
        event_rates=automations.rates,
        signing_secret=access.signing_secret,
    )


def _rules(
    path: Path, people: People, keys: Mapping[str, Sequence[bytes]], rates: Mapping[str, int]
) -> tuple[EventRule, ...]:
    rules = load_event_rules(path, people)
    named = {rule.entry.source: rule.name for rule in rules}
    for source in {**dict.fromkeys(rates), **named}:
        if source not in keys:
            log.warning("event_source_without_secret", rule=named.get(source), source=source)
    return rules


def _stop_event() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
