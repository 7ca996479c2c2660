"""`/response/KEY`: answers to a click or a command, within 30 minutes and five times."""

from typing import Any

from aiohttp import web

from sandbox.slack.messages import Channel, Message
from sandbox.slack.methods import content
from sandbox.slack.methods.arguments import read_body
from sandbox.slack.methods.call import ApiError, Call
from sandbox.slack.shapes import BOT, BOT_USER, Json
from sandbox.slack.tickets import ResponseUrl
from sandbox.slack.workspace import Workspace

_KNOWN = {
    "text",
    "blocks",
    "attachments",
    "metadata",
    "response_type",
    "replace_original",
    "delete_original",
    "thread_ts",
    "unfurl_links",
    "unfurl_media",
    "mrkdwn",
    "as_user",
}


class ResponseUrlApi:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def serve(self, request: web.Request) -> web.StreamResponse:
        use = self._workspace.response_urls.use(request.match_info["key"])
        if isinstance(use, str):
            return web.json_response({"ok": False, "error": use}, status=404)
        try:
            answer(self._workspace, use, await read_body(request))
        except ApiError as error:
            return web.json_response(error.as_json(), status=400)
        return web.json_response({"ok": True})


def answer(workspace: Workspace, use: ResponseUrl, body: Json) -> None:
    """Does what the app answered to an interaction. ApiError when the message is refused."""
    unknown = body.keys() - _KNOWN
    if unknown:
        names = tuple(f"[ERROR] unknown argument: {name}" for name in sorted(unknown))
        raise ApiError("invalid_arguments", names)
    channel = workspace.channels[use.channel]
    original = _original(channel, use)
    if body.get("delete_original"):
        _delete(workspace, channel, original)
    elif body.get("replace_original") and original is not None:
        _replace(workspace, channel, original, body)
    else:
        _post(workspace, channel, use, body)


def _original(channel: Channel, use: ResponseUrl) -> Message | None:
    if use.ts is None:
        return None
    return channel.messages.get(use.ts) or channel.ephemeral.get(use.ts)


def _delete(workspace: Workspace, channel: Channel, original: Message | None) -> None:
    if original is None:
        raise ApiError("message_not_found")
    if original.ephemeral_to:
        del channel.ephemeral[original.ts]
        workspace.announce("message", channel=channel.id, ts=original.ts, thread_ts=None)
    else:
        workspace.delete(original)


def _replace(workspace: Workspace, channel: Channel, original: Message, body: Json) -> None:
    before = channel.shown(original, metadata=True)
    original.text, original.blocks = _content(workspace, body)
    if original.ephemeral_to:
        workspace.whisper(original)
        return
    original.edited = {"user": BOT_USER, "ts": f"{int(workspace.now())}.000000"}
    workspace.change(original, before)


def _post(workspace: Workspace, channel: Channel, use: ResponseUrl, body: Json) -> None:
    text, blocks = _content(workspace, body)
    private = body.get("response_type", "ephemeral") != "in_channel"
    message = Message(
        channel=channel.id,
        ts=workspace.new_ts(channel.id),
        user=BOT_USER,
        text=text,
        blocks=blocks,
        thread_ts=body.get("thread_ts") or use.thread_ts,
        metadata=body.get("metadata"),
        bot_id=BOT,
        ephemeral_to=use.user if private else None,
    )
    if private:
        workspace.whisper(message)
    else:
        workspace.post(message)


def _content(workspace: Workspace, body: Json) -> tuple[str, list[Any]]:
    given = {key: body[key] for key in ("text", "blocks", "attachments") if body.get(key)}
    return content.text_and_blocks(Call(workspace, given))
