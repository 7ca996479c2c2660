"""`/upload/v1/KEY` and `/files-pri/...`: the bytes of files, in and out."""

from collections.abc import Awaitable, Callable

from aiohttp import BodyPartReader, web

from sandbox.slack.files import File
from sandbox.slack.methods.call import Call
from sandbox.slack.methods.files import seen_by_app
from sandbox.slack.shapes import BOT_TOKEN, TEAM
from sandbox.slack.workspace import Workspace

_CHUNK = 64 * 1024


class Transfer:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def upload(self, request: web.Request) -> web.Response:
        """Takes the bytes as the body or as the file of a form; the address is secret."""
        files = self._workspace.files
        file = files.awaiting(request.match_info["key"])
        if file is None:
            return web.Response(status=404, text="There is no upload at this address.")
        data = await _body(request, file.size + 1)
        if len(data) != file.size:
            text = f"{file.size} bytes were announced; more or fewer arrived."
            return web.Response(status=400, text=text)
        files.receive(file, data)
        return web.Response(text=f"OK - {len(data)}")

    async def download(self, request: web.Request) -> web.Response:
        """`url_private` of a file. Who may not read it is sent to the page to sign in."""
        team, _, file_id = request.match_info["which"].partition("-")
        file = self._workspace.files.find(file_id)
        if team != TEAM or file is None or file.state != "ready":
            return web.Response(status=404, text="There is no such file.")
        if not self._may_read(request, file):
            raise web.HTTPFound(f"/?redir={request.path}")
        return web.Response(
            body=self._workspace.files.data(file),
            content_type=str(self._workspace.files.as_slack(file.id)["mimetype"]),
            headers={"X-Content-Type-Options": "nosniff", "Content-Disposition": "attachment"},
        )

    def _may_read(self, request: web.Request, file: File) -> bool:
        scopes = self._workspace.settings.manifest.scopes
        if request.headers.get("Authorization") != f"Bearer {BOT_TOKEN}":
            return False
        granted = scopes is None or "files:read" in scopes
        return granted and seen_by_app(Call(self._workspace, {}), file)


async def _body(request: web.Request, most: int) -> bytes:
    """At most so many bytes of what was sent."""
    if not request.content_type.startswith("multipart/"):
        return await _read(request.content.read, most)
    form = await request.multipart()
    while (part := await form.next()) is not None:
        if isinstance(part, BodyPartReader) and part.filename:
            return await _read(part.read_chunk, most)
    return b""


async def _read(read: Callable[[int], Awaitable[bytes]], most: int) -> bytes:
    data = bytearray()
    while len(data) < most and (chunk := await read(_CHUNK)):
        data += chunk
    return bytes(data)
