"""A small real Bolt app, over Socket Mode or over HTTP, that does what tests need to see."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.closing import close
from sandbox.slack.shapes import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from tests.sandbox.slack.slack_bench import actions, button, modal, section


@dataclass
class Heard:
    """What reached the app's listeners, in order."""

    bodies: "asyncio.Queue[dict[str, Any]]" = field(default_factory=asyncio.Queue)

    async def next(self) -> dict[str, Any]:
        return await asyncio.wait_for(self.bodies.get(), 10)


def make_bolt(api_url: str, heard: Heard) -> AsyncApp:
    """Answers mentions with a button, the button with a modal, `/signoff` with its own text."""
    client = AsyncWebClient(BOT_TOKEN, base_url=api_url)
    app = AsyncApp(client=client, signing_secret=SIGNING_SECRET, process_before_response=True)

    @app.event("app_mention")
    async def mentioned(body: Any, event: Any, say: Any) -> None:
        await say(
            text="Refund?",
            blocks=[section("Refund?"), actions(button("approve"))],
            thread_ts=event["ts"],
        )
        await heard.bodies.put(body)

    @app.action("approve")
    async def approved(ack: Any, body: Any, client: Any, respond: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(private_metadata="a1"))
        await respond(text="Thank you", response_type="ephemeral", replace_original=False)
        await heard.bodies.put(body)

    @app.view("reject")
    async def sent(ack: Any, body: Any, view: Any) -> None:
        reason = view["state"]["values"]["reason"]["text"]["value"]
        if reason == "no":
            await ack(response_action="errors", errors={"reason": "Please say why."})
        elif reason == "more":
            await ack(response_action="update", view=modal(section("More?")))
        elif reason == "deeper":
            await ack(response_action="push", view=modal(section("Deeper")))
        elif reason == "enough":
            await ack(response_action="clear")
        else:
            await ack()
        await heard.bodies.put(body)

    @app.view_closed("reject")
    async def closed(ack: Any, body: Any) -> None:
        await ack()
        await heard.bodies.put(body)

    @app.command("/signoff")
    async def command(ack: Any, body: Any) -> None:
        await ack(text=f"You said: {body['text']}")
        await heard.bodies.put(body)

    @app.event("app_home_opened")
    async def home_opened(body: Any) -> None:
        await heard.bodies.put(body)

    @app.event("member_joined_channel")
    async def joined(body: Any) -> None:
        await heard.bodies.put(body)

    @app.event("agent_session_stopped")
    async def stopped(body: Any, event: Any, client: Any) -> None:
        await client.agents_sessions_setStatus(
            channel_id=event["channel"], thread_ts=event["thread_ts"], status="active"
        )
        await heard.bodies.put(body)

    @app.event("message")
    async def message(body: Any) -> None:
        await heard.bodies.put(body)

    return app


@asynccontextmanager
async def over_socket(bolt: AsyncApp) -> AsyncIterator[AsyncSocketModeHandler]:
    handler = AsyncSocketModeHandler(bolt, APP_TOKEN, ping_interval=0.2)
    await handler.connect_async()
    try:
        yield handler
    finally:
        await handler.close_async()


@asynccontextmanager
async def over_http(bolt: AsyncApp, listening: socket.socket) -> AsyncIterator[None]:
    async def serve(request: web.Request) -> web.Response:
        answer = await bolt.async_dispatch(await to_bolt_request(request))
        return await to_aiohttp_response(answer)

    app = web.Application()
    app.router.add_post("/slack/events", serve)
    runner = web.AppRunner(app, shutdown_timeout=0.2)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    try:
        yield
    finally:
        await close(runner)


def free_port() -> tuple[socket.socket, str]:
    """A bound socket to serve on, and the request URL it stands for."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    return listening, f"http://127.0.0.1:{listening.getsockname()[1]}/slack/events"
