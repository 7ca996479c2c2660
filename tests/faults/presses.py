"""A press or a command as Slack delivers it: signed, over HTTP, to the server the bot makes."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientSession, web
from slack_sdk.signature import SignatureVerifier

from bot.app import make_app
from bot.boundary import Later
from bot.deps import BotDeps
from bot.http import make_http

SIGNING_SECRET = "practice-signing-secret"


async def deliver(deps: BotDeps, kind: str, said: dict[str, Any]) -> int:
    """The status that Slack is answered to this `click` or `command`. The server lives for this one
    request: a process that is killed takes it along."""
    runner = web.AppRunner(make_http(deps, bolt=make_app(deps, Later()), practice=False))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        if kind == "click":
            path, form = "interactions", {"payload": json.dumps(_payload(deps, said))}
        else:
            path, form = "commands", _command(deps, said)
        body = urlencode(form)
        async with (
            ClientSession(f"http://127.0.0.1:{port}") as slack,
            slack.post(f"/slack/{path}", data=body, headers=_signed(body)) as answer,
        ):
            return answer.status
    finally:
        await runner.cleanup()


def _payload(deps: BotDeps, press: dict[str, Any]) -> dict[str, Any]:
    team = deps.identity.team_id
    return {
        "type": "block_actions",
        "trigger_id": press["trigger_id"],
        "team": {"id": team, "domain": "practice"},
        "user": {"id": press["user"], "team_id": team},
        "channel": {"id": press["channel"], "name": "support"},
        "container": {
            "type": "message",
            "message_ts": press["ts"],
            "channel_id": press["channel"],
        },
        "message": {"ts": press["ts"]},
        "actions": [
            {
                "type": "button",
                "block_id": "buttons",
                "action_id": press["action_id"],
                "value": press["value"],
                "action_ts": press["ts"],
            }
        ],
    }


def _command(deps: BotDeps, said: dict[str, Any]) -> dict[str, str]:
    return {
        "team_id": deps.identity.team_id,
        "team_domain": "practice",
        "channel_id": said["channel"],
        "channel_name": "support",
        "user_id": said["user"],
        "command": "/signoff",
        "text": said["text"],
        "trigger_id": said["trigger_id"],
    }


def _signed(body: str) -> dict[str, str]:
    stamp = str(int(time.time()))
    signature = SignatureVerifier(SIGNING_SECRET).generate_signature(timestamp=stamp, body=body)
    return {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": str(signature),
    }
