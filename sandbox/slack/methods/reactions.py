"""`reactions.*`."""

import re

from sandbox.slack.messages import Channel, Message
from sandbox.slack.methods.call import ApiError, Call
from sandbox.slack.shapes import BOT_USER, Json

#: Different emoji on one message.
MAX_EMOJI = 50
_NAME = re.compile(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?")


def add(call: Call) -> Json:
    channel, message = _item(call)
    name = _name(call)
    users = message.reactions.get(name, [])
    if BOT_USER in users:
        raise ApiError("already_reacted")
    if not users and len(message.reactions) >= MAX_EMOJI:
        raise ApiError("too_many_emoji")
    message.reactions[name] = [*users, BOT_USER]
    return _changed(call, channel, message)


def remove(call: Call) -> Json:
    channel, message = _item(call)
    name = _name(call)
    users = message.reactions.get(name, [])
    if BOT_USER not in users:
        raise ApiError("no_reaction")
    left = [user for user in users if user != BOT_USER]
    message.reactions.pop(name)
    if left:
        message.reactions[name] = left
    return _changed(call, channel, message)


def get(call: Call) -> Json:
    channel, message = _item(call)
    return {
        "type": "message",
        "channel": channel.id,
        "message": {
            "type": "message",
            "user": message.user,
            "text": message.text,
            "ts": message.ts,
            "reactions": message.reactions_as_slack(),
        },
    }


def _item(call: Call) -> tuple[Channel, Message]:
    if not (call.get("channel") and call.get("timestamp")):
        raise ApiError("no_item_specified")
    channel = call.channel()
    return channel, call.message(channel, "timestamp")


def _name(call: Call) -> str:
    name = call.text("name").strip(":")
    if not _NAME.fullmatch(name):
        raise ApiError("invalid_name")
    return name


def _changed(call: Call, channel: Channel, message: Message) -> Json:
    call.workspace.keep(message)
    call.workspace.announce("reaction", channel=channel.id, ts=message.ts)
    return {}
