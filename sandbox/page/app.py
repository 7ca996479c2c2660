"""Mounts the page onto the practice workspace's server."""

from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from sandbox.page.environment import HERE, environment
from sandbox.page.events import Streams
from sandbox.page.headers import add_headers
from sandbox.page.keys import BOT, OFFICE
from sandbox.page.outside import World
from sandbox.page.pages import Pages, asked
from sandbox.page.plug import WORKER, Plug
from sandbox.page.reading import Reading
from sandbox.slack.app import WORKSPACE

_PAGES = web.AppKey("PAGES", Pages)
_STREAMS = web.AppKey("STREAMS", Streams)


def mount(app: web.Application) -> None:
    """Adds the page, its fragments, its event stream, `/control/plug` and `/control/lose` to
    `app`.

    Expects `app[WORKSPACE]` (sandbox.slack.app); `app[OFFICE]` and `app[BOT]` default to the
    addresses in its settings.
    """
    settings = app[WORKSPACE].settings
    app.setdefault(OFFICE, settings.office)
    app.setdefault(BOT, settings.bot)
    app.on_response_prepare.append(add_headers)
    app.cleanup_ctx.append(_running)
    app.on_shutdown.append(_end_streams)
    app.router.add_get("/", _workspace)
    app.router.add_get("/connect", _connect)
    app.router.add_get("/events", _events)
    app.router.add_get("/fragments/{name}", _fragment)
    app.router.add_get("/files/{id}", _file)
    app.router.add_post("/control/plug", _pull)
    app.router.add_post("/control/lose", _lose)
    app.router.add_static("/static/", HERE / "static")


async def _running(app: web.Application) -> AsyncIterator[None]:
    reading = Reading(app[WORKSPACE])
    world = World(app)
    plug = Plug(world, _pid_file(reading.data), reading.now, reading.tell_plug)
    app[_PAGES] = Pages(environment(), reading, world, plug)
    app[_STREAMS] = Streams(reading, world)
    yield
    await plug.close()
    await world.close()


def _pid_file(data: Path) -> Path:
    return data / "run" / f"{WORKER}.pid"


async def _end_streams(app: web.Application) -> None:
    await app[_STREAMS].close()


async def _workspace(request: web.Request) -> web.StreamResponse:
    return await request.app[_PAGES].workspace(request)


async def _connect(request: web.Request) -> web.StreamResponse:
    return await request.app[_PAGES].connect(request)


async def _events(request: web.Request) -> web.StreamResponse:
    return await request.app[_STREAMS].serve(request, asked(request))


async def _fragment(request: web.Request) -> web.StreamResponse:
    return await request.app[_PAGES].fragment(request)


async def _file(request: web.Request) -> web.StreamResponse:
    return await request.app[_PAGES].file(request)


async def _lose(request: web.Request) -> web.StreamResponse:
    return await request.app[_PAGES].lose(request)


async def _pull(request: web.Request) -> web.StreamResponse:
    return await request.app[_PAGES].pull(request)
