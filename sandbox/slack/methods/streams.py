"""Streaming an answer: `chat.startStream`, `chat.appendStream`, `chat.stopStream`.

https://docs.slack.dev/reference/methods/chat.startStream, .../chat.appendStream and
.../chat.stopStream
"""

from sandbox.slack.blocks.chunks import chunk_problems
from sandbox.slack.messages import Channel, Message
from sandbox.slack.methods import content
from sandbox.slack.methods.call import ApiError, Call
from sandbox.slack.sessions import STATUSES
from sandbox.slack.shapes import BOT, BOT_USER, Json
from sandbox.slack.stream import DISPLAYS, Stream, add, size_of

#: Everything streamed into one message: its text, and the titles, details and output of its tasks.
MAX_STREAMED = 12_000
#: Blocks that come from chunks; those of `chat.stopStream` are counted by themselves.
MAX_BLOCKS = 50


def start(call: Call) -> Json:
    channel = call.own_channel()
    root = call.message(channel, "thread_ts")
    _check_recipient(call, channel)
    message = Message(
        channel=channel.id,
        ts="",
        user=BOT_USER,
        text="",
        thread_ts=root.thread_ts or root.ts,
        bot_id=BOT,
        stream=Stream(
            until=call.workspace.now() + call.workspace.settings.stream_seconds,
            display=_display(call),
        ),
    )
    _add(call, message, message.streaming)
    message.ts = call.workspace.new_ts(channel.id)
    call.workspace.post(message)
    _session(call, message, "processing", initiator=root.user)
    return {"channel": channel.id, "ts": message.ts}


def append(call: Call) -> Json:
    channel, message, stream = _streaming(call, "streaming")
    if not (call.get("markdown_text") or call.get("chunks")):
        raise ApiError("markdown_text_or_chunks_required")
    _add(call, message, stream)
    call.workspace.keep(message)
    return {"channel": channel.id, "ts": message.ts}


def stop(call: Call) -> Json:
    """The last content, then `blocks` below everything; the message is an ordinary one then. Also
    what a person stopped is ended by this."""
    channel, message, stream = _streaming(call, "streaming", "stopped")
    status = call.text("session_status") or "active"
    if status not in STATUSES:
        raise _one_of("session_status", STATUSES)
    before = channel.shown(message, metadata=True)
    blocks = content.checked_blocks(call.get("blocks") or [])
    metadata = content.metadata(call)
    if not (message.blocks or blocks or call.get("markdown_text") or call.get("chunks")):
        raise ApiError("no_text")
    _add(call, message, stream)
    message.blocks = [*message.blocks, *blocks]
    message.metadata = metadata
    stream.state = "completed"
    call.workspace.change(message, before)
    _session(call, message, status)
    shown = channel.shown(message, metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": shown}


def _check_recipient(call: Call, channel: Channel) -> None:
    """In a channel Slack wants to know for whom the answer is streamed."""
    for name in () if channel.im_with else ("recipient_user_id", "recipient_team_id"):
        if not call.get(name):
            raise ApiError(f"missing_{name}")
    user = call.text("recipient_user_id")
    if user and user not in call.workspace.people:
        raise ApiError("user_not_found")


def _display(call: Call) -> str:
    display = call.text("task_display_mode") or DISPLAYS[0]
    if display not in DISPLAYS:
        raise _one_of("task_display_mode", DISPLAYS)
    return display


def _one_of(name: str, allowed: tuple[str, ...]) -> ApiError:
    reason = f"must be one of: {', '.join(allowed)} [json-pointer:/{name}]"
    return ApiError("invalid_arguments", (f"[ERROR] {reason}",))


def _session(call: Call, message: Message, status: str, *, initiator: str = "") -> None:
    """Streaming moves the session of its thread along, for apps that are agents."""
    if call.workspace.settings.manifest.agent:
        channel, thread_ts = call.workspace.channels[message.channel], str(message.thread_ts)
        call.workspace.sessions.set(channel, thread_ts, status, initiator=initiator)


def _streaming(call: Call, *states: str) -> tuple[Channel, Message, Stream]:
    """A message of the app whose stream is in one of these states."""
    channel = call.channel()
    message = call.message(channel)
    if message.bot_id != BOT:
        raise ApiError("message_not_owned_by_app")
    state = message.stream.state_at(call.workspace.now()) if message.stream else ""
    if state not in states:
        stopped = state == "stopped"
        raise ApiError("stopped_by_user" if stopped else "message_not_in_streaming_state")
    return channel, message, message.streaming


def _add(call: Call, message: Message, stream: Stream) -> None:
    """Adds the text or the chunks of this call; nothing when any of it is refused."""
    markdown, chunks = call.text("markdown_text"), list(call.get("chunks") or ())
    if markdown and chunks:
        raise ApiError("cannot_provide_both_markdown_text_and_chunks")
    if not (markdown or chunks):
        return
    mode = "text" if markdown else "chunks"
    if stream.mode not in ("", mode):
        raise ApiError("streaming_mode_mismatch")
    if markdown:
        chunks = [{"type": "markdown_text", "text": markdown}]
    problems = chunk_problems(chunks)
    if problems:
        raise ApiError("invalid_chunks", problems)
    for chunk in chunks:
        content.checked_blocks(chunk.get("blocks") or [])
    if stream.size + sum(size_of(chunk) for chunk in chunks) > MAX_STREAMED:
        raise ApiError("msg_too_long")
    if _blocks_after(message, chunks) > MAX_BLOCKS:
        raise ApiError("msg_blocks_too_many")
    stream.mode = mode
    for chunk in chunks:
        add(chunk, stream, message.blocks)
        message.text += str(chunk.get("text", ""))


def _blocks_after(message: Message, chunks: list[Json]) -> int:
    given = sum(len(chunk.get("blocks") or ()) for chunk in chunks)
    return given + sum(1 for block in message.blocks if not block["block_id"].startswith("stream-"))
