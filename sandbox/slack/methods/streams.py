"""Streaming an answer: `chat.startStream`, `chat.appendStream`, `chat.stopStream`."""

from sandbox.slack.messages import Channel, Message
from sandbox.slack.methods import content
from sandbox.slack.methods.call import ApiError, Call
from sandbox.slack.shapes import BOT, BOT_USER, Json

#: Slack ends a stream by itself after about five minutes.
MAX_SECONDS = 300.0
_CHUNKS = ("markdown_text", "task_update", "plan_update", "blocks")


def start(call: Call) -> Json:
    channel = call.own_channel()
    root = call.message(channel, "thread_ts")
    if not channel.im_with:
        for needed in ("recipient_user_id", "recipient_team_id"):
            if not call.get(needed):
                raise ApiError(f"missing_{needed}")
    message = Message(
        channel=channel.id,
        ts=call.workspace.new_ts(channel.id),
        user=BOT_USER,
        text="",
        thread_ts=root.thread_ts or root.ts,
        bot_id=BOT,
        stream={"state": "streaming", "until": call.workspace.now() + MAX_SECONDS, "tasks": {}},
    )
    _add(call, message)
    call.workspace.post(message)
    return {"channel": channel.id, "ts": message.ts}


def append(call: Call) -> Json:
    channel, message = _streaming(call)
    if not (call.get("markdown_text") or call.get("chunks")):
        raise ApiError("no_text")
    _add(call, message)
    call.workspace.keep(message)
    return {"channel": channel.id, "ts": message.ts}


def stop(call: Call) -> Json:
    channel, message = _streaming(call)
    before = channel.shown(message, metadata=True)
    blocks = content.checked_blocks(call.get("blocks") or [])
    metadata = content.metadata(call)
    _add(call, message)
    message.blocks = [*message.blocks, *blocks]
    message.metadata = metadata
    _state(message)["state"] = "completed"
    call.workspace.change(message, before)
    shown = channel.shown(message, metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": shown}


def _streaming(call: Call) -> tuple[Channel, Message]:
    channel = call.channel()
    message = call.message(channel)
    stream = message.stream
    if not stream or stream["state"] != "streaming" or call.workspace.now() > stream["until"]:
        raise ApiError("message_not_in_streaming_state")
    return channel, message


def _add(call: Call, message: Message) -> None:
    """Appends text and chunks; nothing is added when one of them is refused."""
    chunks = list(call.get("chunks") or ())
    if call.get("markdown_text"):
        chunks.insert(0, {"type": "markdown_text", "text": call.text("markdown_text")})
    for chunk in chunks:
        if not isinstance(chunk, dict) or chunk.get("type") not in _CHUNKS:
            raise ApiError("invalid_chunks")
        if chunk["type"] == "markdown_text":
            content.markdown_block(str(chunk.get("text", "")))
        if chunk["type"] == "blocks":
            content.checked_blocks(chunk.get("blocks", []))
    for chunk in chunks:
        _apply(chunk, message)


def _apply(chunk: Json, message: Message) -> None:
    match chunk["type"]:
        case "markdown_text":
            message.text += str(chunk.get("text", ""))
            text = {"type": "markdown", "block_id": "stream", "text": message.text}
            message.blocks = [text, *(b for b in message.blocks if b["block_id"] != "stream")]
        case "task_update":
            _state(message)["tasks"][chunk.get("id", "")] = chunk
        case "plan_update":
            _state(message)["plan"] = chunk.get("title")
        case "blocks":
            message.blocks = [*message.blocks, *content.checked_blocks(chunk["blocks"])]


def _state(message: Message) -> Json:
    """The stream's state; only called for messages that are one."""
    assert message.stream is not None
    return message.stream
