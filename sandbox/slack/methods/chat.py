"""`chat.*` but streaming."""

from sandbox.slack.messages import Channel, Message
from sandbox.slack.methods import content
from sandbox.slack.methods.call import ApiError, Call
from sandbox.slack.shapes import BOT, BOT_USER, TEAM_DOMAIN, Json


def post_message(call: Call) -> Json:
    channel = _addressed(call)
    if not channel.has_bot:
        raise ApiError("not_in_channel")
    text, blocks = content.text_and_blocks(call)
    broadcast = call.flag("reply_broadcast") and call.get("thread_ts")
    message = Message(
        channel=channel.id,
        ts="",
        user=BOT_USER,
        text=text,
        blocks=blocks,
        attachments=content.attachments(call),
        thread_ts=_thread(call, channel),
        metadata=content.metadata(call),
        bot_id=BOT,
        subtype="thread_broadcast" if broadcast else None,
    )
    message.ts = call.workspace.new_ts(channel.id)
    call.workspace.post(message)
    shown = channel.shown(message, metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": shown}


def update(call: Call) -> Json:
    """What is not given stays, but blocks go when only a text is given."""
    channel = call.channel()
    message = call.message(channel)
    if message.bot_id != BOT:
        raise ApiError("cant_update_message")
    if message.stream and message.stream.state_at(call.workspace.now()) == "streaming":
        raise ApiError("streaming_state_conflict")
    before = channel.shown(message, metadata=True)
    text, blocks = _changed_content(call, message)
    metadata = content.metadata(call) if "metadata" in call.args else message.metadata
    attached = content.attachments(call) if "attachments" in call.args else message.attachments
    message.text, message.blocks = text, blocks
    message.metadata, message.attachments = metadata, attached
    message.edited = {"user": BOT_USER, "ts": f"{int(call.workspace.now())}.000000"}
    call.workspace.change(message, before)
    shown = channel.shown(message, metadata=True)
    return {"channel": channel.id, "ts": message.ts, "text": text, "message": shown}


def delete(call: Call) -> Json:
    channel = call.channel()
    message = call.message(channel)
    if message.bot_id != BOT:
        raise ApiError("cant_delete_message")
    call.workspace.delete(message)
    return {"channel": channel.id, "ts": message.ts}


def post_ephemeral(call: Call) -> Json:
    channel = _addressed(call)
    if not channel.has_bot:
        raise ApiError("not_in_channel")
    if call.text("user") not in channel.members:
        raise ApiError("user_not_in_channel")
    text, blocks = content.text_and_blocks(call)
    message = Message(
        channel=channel.id,
        ts="",
        user=BOT_USER,
        text=text,
        blocks=blocks,
        attachments=content.attachments(call),
        thread_ts=call.get("thread_ts"),
        bot_id=BOT,
        ephemeral_to=call.text("user"),
    )
    message.ts = call.workspace.new_ts(channel.id)
    call.workspace.whisper(message)
    return {"message_ts": message.ts}


def permalink(call: Call) -> Json:
    channel = call.channel()
    message = call.message(channel, "message_ts")
    path = f"archives/{channel.id}/p{message.ts.replace('.', '')}"
    thread = f"?thread_ts={message.thread_ts}&cid={channel.id}" if message.is_reply else ""
    link = f"https://{TEAM_DOMAIN}.slack.com/{path}{thread}"
    return {"channel": channel.id, "permalink": link}


def _addressed(call: Call) -> Channel:
    """Posting also takes `#name`, and a person's id for the direct messages with them."""
    given = call.text("channel")
    person = call.workspace.people.get(given)
    if person is not None and person.dm in call.workspace.channels:
        return call.workspace.channels[person.dm]
    for channel in call.workspace.channels.values():
        if channel.name and channel.name == given.removeprefix("#"):
            return channel
    return call.channel()


def _thread(call: Call, channel: Channel) -> str | None:
    """A reply to a reply stands in the same thread, as in Slack."""
    thread_ts: str | None = call.get("thread_ts")
    if not thread_ts:
        return None
    root = channel.messages.get(thread_ts)
    if root is None:
        raise ApiError("cannot_reply_to_message")
    return root.thread_ts or root.ts


def _changed_content(call: Call, message: Message) -> tuple[str, list[Json]]:
    given = {"text", "blocks", "attachments", "markdown_text"} & call.args.keys()
    if not given:
        raise ApiError("no_text")
    if call.get("markdown_text"):
        return content.text_and_blocks(call)
    if "text" in given and len(call.text("text")) > content.MAX_UPDATE:
        raise ApiError("msg_too_long")
    text = call.text("text") if "text" in given else message.text
    kept = [] if "text" in given else message.blocks
    blocks = content.checked_blocks(call.get("blocks")) if "blocks" in given else kept
    if not (text.strip() or blocks or call.get("attachments")):
        raise ApiError("no_text")
    return text, blocks
