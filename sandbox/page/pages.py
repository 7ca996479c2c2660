"""Handlers: the page, its fragments, `/connect` and the plug."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from jinja2 import Environment

from sandbox.page.environment import bound
from sandbox.page.guide import hint
from sandbox.page.outside import World
from sandbox.page.plug import Plug
from sandbox.page.reading import Reading
from sandbox.page.render import Viewer
from sandbox.page.samples import SAMPLES
from sandbox.page.scene import Person, Scene
from sandbox.page.staging import Asked, stage

FRAGMENTS = frozenset(
    {"sidebar", "messages", "thread", "guide", "outside", "story", "home", "dialog"}
)


@dataclass(frozen=True)
class Pages:
    """Everything the handlers work with; one per application."""

    templates: Environment
    reading: Reading
    world: World
    plug: Plug

    async def workspace(self, request: web.Request) -> web.Response:
        return await self._html(request, "workspace.html")

    async def fragment(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in FRAGMENTS:
            raise web.HTTPNotFound(text=f"There is no fragment {name!r}.")
        return await self._html(request, "fragment.html", fragment=f"{name}.html")

    async def connect(self, request: web.Request) -> web.Response:
        return web.Response(
            text=self.templates.get_template("connect.html").render(), content_type="text/html"
        )

    async def pull(self, request: web.Request) -> web.Response:
        """`POST /control/plug {"arm": true}`: arms the kill of the tool worker."""
        body = await _json(request)
        if body.get("arm") is not True:
            return _refused('The body must be {"arm": true}.', 400)
        reason = await self.plug.arm()
        return _refused(reason, 409) if reason else web.json_response({"ok": True})

    async def _html(self, request: web.Request, template: str, **more: Any) -> web.Response:
        scene = stage(self.reading, asked(request))
        viewer = viewer_of(self.reading, scene.me)
        html = self.templates.get_template(template).render(
            scene=scene,
            samples=SAMPLES,
            guide=hint(scene),
            plug=self.plug,
            modal=self.reading.modal(scene.me.id),
            errors={},
            outside=await self.world.outside(),
            stories=await self.world.story(*_current(scene)),
            **bound(viewer, request.host),
            **more,
        )
        return web.Response(
            text=html, content_type="text/html", headers={"Cache-Control": "no-store"}
        )


def asked(request: web.Request) -> Asked:
    """What the address asks to see; `thread` on the page, `thread_ts` on fragments."""
    query = request.query
    return Asked(
        person=query.get("as", ""),
        channel=query.get("channel", ""),
        thread_ts=query.get("thread_ts") or query.get("thread", ""),
        tab=query.get("tab", ""),
    )


def viewer_of(reading: Reading, me: Person) -> Viewer:
    zone = ZoneInfo(me.zone)
    return Viewer(
        people=reading.names(),
        channels=reading.channel_names(),
        zone=zone,
        now=datetime.fromtimestamp(reading.now(), zone),
    )


def _current(scene: Scene) -> tuple[str, str]:
    """The thread whose story is told: the open one, else the last one Signoff works in."""
    channel = scene.channel.id if scene.channel else ""
    if scene.thread_ts:
        return channel, scene.thread_ts
    roots = [message.ts for message in scene.messages if message.replies]
    return channel, roots[-1] if roots else ""


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _refused(reason: str, status: int) -> web.Response:
    return web.json_response({"ok": False, "error": reason}, status=status)
