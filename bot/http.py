"""The bot's HTTP side: health, other systems' events, Slack's requests in HTTP mode, and stories
for the practice page."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from sqlalchemy import text

from audit.story import story
from bot.deps import BotDeps
from bot.events.door import PATH, make_events
from bot.stories import thread_actions
from core.errors import ConfigError, SignoffError

#: A web page can point a name of its own at this machine; then that name stands in the Host header.
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
#: Where Slack delivers; all three take any kind of request.
SLACK_PATHS = ("/slack/events", "/slack/interactions", "/slack/commands")


def make_http(deps: BotDeps, *, bolt: AsyncApp | None, practice: bool) -> web.Application:
    """GET /health and POST /events/… always; POST /slack/… with a `bolt` app (HTTP mode); GET
    /story only in the practice workspace, because it asks nobody who they are.

    Raises `ConfigError` when Slack's requests could not be verified.
    """
    if bolt is not None and not deps.signing_secret:
        raise ConfigError("SLACK_SIGNING_SECRET is missing: requests could not be verified.")
    app = web.Application()
    app.router.add_get("/health", _health(deps))
    app.router.add_post(PATH, make_events(deps))
    if practice:
        app.router.add_get("/story", _story(deps))
    if bolt is not None:
        for path in SLACK_PATHS:
            app.router.add_post(path, _slack(bolt))
    return app


def _slack(bolt: AsyncApp) -> Any:
    async def handle(request: web.Request) -> web.Response:
        asked = _reread(await to_bolt_request(request))
        return await to_aiohttp_response(await bolt.async_dispatch(asked))

    return handle


def _reread(request: AsyncBoltRequest) -> AsyncBoltRequest:
    """The request with its form fields, where Bolt 1.30 lost them: it takes any form that holds the
    letters "payload", a command's words included, for an interaction and finds none in it."""
    if not request.body and request.raw_body:
        fields = dict(parse_qsl(request.raw_body, keep_blank_values=True))
        if fields and "payload" not in fields:
            read = AsyncBoltRequest(body=fields, mode="socket_mode")  # takes fields as they are
            request.body, request.context = read.body, read.context
    return request


def _health(deps: BotDeps) -> Any:
    def reach() -> None:
        with deps.db.read() as session:
            session.execute(text("SELECT 1"))

    async def handle(_request: web.Request) -> web.Response:
        try:
            await asyncio.to_thread(reach)
        except SignoffError:
            return web.json_response({"status": "database unreachable"}, status=503)
        return web.json_response({"status": "ok"})

    return handle


def _story(deps: BotDeps) -> Any:
    def tell(channel: str, ts: str) -> list[dict[str, Any]]:
        with deps.db.read() as session:
            actions = thread_actions(session, deps.identity.team_id, channel, ts)
            found = [(action.id, story(session, deps.log, action.id)) for action in actions]
        return [
            {
                "id": action_id,
                "title": told.title,
                "status": told.status,
                "lines": [{"at": line.at.isoformat(), "text": line.text} for line in told.lines],
            }
            for action_id, told in found
            if told is not None
        ]

    async def handle(request: web.Request) -> web.Response:
        if request.url.host not in _LOOPBACK:
            raise web.HTTPForbidden(text="Only programs of this machine are told stories.")
        channel, _, ts = request.query.get("thread", "").partition(":")
        if not channel or not ts:
            raise web.HTTPBadRequest(text="say which thread: /story?thread=CHANNEL:TS")
        return web.json_response({"actions": await asyncio.to_thread(tell, channel, ts)})

    return handle
