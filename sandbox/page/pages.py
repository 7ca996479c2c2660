"""Handlers: the page, its fragments, `/connect` and the plug."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from aiohttp import web
from jinja2 import Environment

from sandbox.page.environment import bound
from sandbox.page.guide import hint
from sandbox.page.outside import World
from sandbox.page.plug import Plug
from sandbox.page.reading import Reading
from sandbox.page.samples import SAMPLES
from sandbox.page.staging import Asked, stage, viewer_of

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

    async def file(self, request: web.Request) -> web.Response:
        """A file as this person may have it: saved, never shown, whatever is in it."""
        found = self.reading.file(request.match_info["id"], request.query.get("as", ""))
        if found is None:
            raise web.HTTPNotFound(text="There is no such file, or it is not shared with you.")
        name, data = found
        disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
        return web.Response(
            body=data,
            content_type="application/octet-stream",
            headers={"Content-Disposition": disposition},
        )

    async def pull(self, request: web.Request) -> web.Response:
        """`POST /control/plug {"arm": true}`: arms the kill of the tool worker."""
        body = await _json(request)
        if body.get("arm") is not True:
            return _refused('The body must be {"arm": true}.', 400)
        reason = await self.plug.arm()
        return _refused(reason, 409) if reason else web.json_response({"ok": True})

    async def lose(self, request: web.Request) -> web.Response:
        """`POST /control/lose {"order": "4712"}`: the shop calls its parcel lost and tells it."""
        order = (await _json(request)).get("order")
        if not isinstance(order, str) or not await self.world.lose(order):
            return _refused("The practice shop does not know this order, or does not answer.", 409)
        return web.json_response({"ok": True})

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
            stories=await self.world.story(scene.place, scene.told),
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


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _refused(reason: str, status: int) -> web.Response:
    return web.json_response({"ok": False, "error": reason}, status=status)
