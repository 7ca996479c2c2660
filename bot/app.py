"""The Bolt app: the same listeners over Socket Mode and over HTTP."""

from __future__ import annotations

from functools import partial
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.boundary import Edge, Later, NotRecorded
from bot.deps import BotDeps
from bot.intake import take_messages
from bot.listeners import (
    actions,
    allow_alike,
    commands,
    disagreements,
    hand,
    home,
    membership,
    messages,
    policy,
    stops,
    views,
)
from bot.members import Members
from bot.places import Places
from bot.together import Together

log = structlog.get_logger()


def make_app(deps: BotDeps, later: Later) -> AsyncApp:
    """The app with its listeners. Nothing gets a 200 before the transaction that records it; what
    follows the 200 is run by `later`."""
    app = AsyncApp(
        name="signoff",
        client=AsyncWebClient(base_url=deps.web.base_url, timeout=deps.web.timeout),
        signing_secret=deps.signing_secret or "",
        authorize=_authorize(deps),
        process_before_response=True,
        raise_error_for_unhandled_request=True,
    )
    app.error(_after_error)
    members = Members(deps.web, deps.identity.team_id, deps.people, deps.clock)
    edge = Edge(
        deps=deps,
        members=members,
        places=Places(deps.web, deps.clock),
        later=later,
        messages=Together(partial(take_messages, deps)),
    )
    for listeners in (
        messages,
        commands,
        actions,
        allow_alike,
        disagreements,
        hand,
        policy,
        views,
        home,
        stops,
        membership,
    ):
        listeners.register(app, edge)
    return app


def _authorize(deps: BotDeps) -> Any:
    # Bolt's own look-up calls auth.test on the first delivery and answers 200 when that fails:
    # a delivery would be lost. Who we are is known since the start.
    async def authorize(team_id: str | None = None) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None,
            team_id=deps.identity.team_id,
            bot_user_id=deps.identity.bot_user_id,
            bot_id=deps.identity.bot_id,
            bot_token=deps.web.token,
        )

    return authorize


async def _after_error(error: Exception) -> BoltResponse:
    """What nobody handles is acknowledged (a 404 would be delivered again); what could not be
    recorded is not."""
    if isinstance(error, BoltUnhandledRequestError):
        log.debug("unhandled", type=(error.body or {}).get("type"))
        return BoltResponse(status=200, body="")
    if not isinstance(error, NotRecorded):
        log.error("listener_escaped", error=type(error).__name__)
    return BoltResponse(status=500, body="")
