"""Puts one practice workspace together as an aiohttp application."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from core.clock import Clock
from sandbox.guard import guard
from sandbox.slack.control.routes import add_control
from sandbox.slack.delivery.dispatch import Dispatcher
from sandbox.slack.delivery.parcel import Transport
from sandbox.slack.delivery.signed_http import SignedHttp
from sandbox.slack.delivery.socket_mode import SocketMode
from sandbox.slack.faults import Faults
from sandbox.slack.journal import Journal
from sandbox.slack.response_url import ResponseUrlApi
from sandbox.slack.settings import Settings
from sandbox.slack.store import Store
from sandbox.slack.transfer import Transfer
from sandbox.slack.web_api import WebApi
from sandbox.slack.workspace import Workspace

WORKSPACE = web.AppKey("WORKSPACE", Workspace)

#: A text of 100,000 characters of four bytes, and room for the rest of the request.
_MAX_BODY = 2**20


def make_app(settings: Settings, clock: Clock) -> web.Application:
    """The whole server: Web API, Socket Mode, response URLs, control API, page.

    Call within a running event loop. After it listens, set `app[WORKSPACE].base_url`.
    """
    socket_mode = SocketMode(settings.ack_seconds)
    http = SignedHttp(settings.url_for, settings.ack_seconds)
    transport: Transport = http if settings.request_url else socket_mode
    workspace = _workspace(settings, clock, transport)
    socket_mode.changed = lambda: workspace.announce("app")

    app = web.Application(client_max_size=_MAX_BODY, middlewares=[guard])
    app[WORKSPACE] = workspace
    app.router.add_route("*", "/api/{method}", WebApi(workspace).serve)
    app.router.add_get("/link/", socket_mode.serve)
    app.router.add_post("/response/{key}", ResponseUrlApi(workspace).serve)
    transfer = Transfer(workspace)
    app.router.add_post("/upload/v1/{key}", transfer.upload)
    app.router.add_get("/files-pri/{which}/{name}", transfer.download)
    app.router.add_get("/files-pri/{which}/download/{name}", transfer.download)
    add_control(app, workspace, socket_mode)
    _mount_page(app)
    app.on_shutdown.append(_hang_up(socket_mode))
    app.cleanup_ctx.append(_lifetime(workspace, http))
    return app


def _workspace(settings: Settings, clock: Clock, transport: Transport) -> Workspace:
    faults = Faults()
    dispatcher = Dispatcher(
        transport=transport,
        journal=Journal(),
        faults=faults,
        retry_delays=settings.retry_delays,
        now=lambda: clock.now().timestamp(),
    )
    return Workspace(
        settings=settings,
        clock=clock,
        store=Store(settings.data / "slack.jsonl"),
        dispatcher=dispatcher,
        faults=faults,
        calls=Journal(),
    )


def _mount_page(app: web.Application) -> None:
    """The page is a package of its own that stands on this one, so it is imported late."""
    from sandbox.page import mount

    mount(app)


def _lifetime(
    workspace: Workspace, http: SignedHttp
) -> Callable[[web.Application], AsyncIterator[None]]:
    async def run(app: web.Application) -> AsyncIterator[None]:
        verifying = asyncio.create_task(http.verify()) if workspace.settings.request_url else None
        yield
        if verifying is not None:
            verifying.cancel()
            await asyncio.gather(verifying, return_exceptions=True)
        await workspace.dispatcher.close()
        await http.close()
        workspace.store.close()

    return run


def _hang_up(socket_mode: SocketMode) -> Callable[[web.Application], Awaitable[None]]:
    """Open websockets would hold up the end of the server."""

    async def close(app: web.Application) -> None:
        await socket_mode.disconnect(abrupt=True)

    return close
