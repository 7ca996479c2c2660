"""`conversations.*` and `users.conversations`."""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from sandbox.slack.messages import Channel, Message
from sandbox.slack.methods.call import ApiError, Call
from sandbox.slack.methods.pages import page
from sandbox.slack.shapes import BOT_USER, TEAM, Json

_TYPES = ("public_channel", "private_channel", "mpim", "im")
_CREATED = 1_700_000_000


def open_(call: Call) -> Json:
    """The direct messages of the app and one person; they exist already."""
    if call.get("channel"):
        return _opened(call, call.channel())
    users = [user.strip() for user in call.text("users").split(",") if user.strip()]
    if not users:
        raise ApiError("users_list_not_supplied")
    if len(users) > 1:
        raise ApiError("too_many_users", ("[ERROR] this workspace has no group messages",))
    person = call.workspace.people.get(users[0])
    if person is None:
        raise ApiError("user_not_found")
    if person.deleted:
        raise ApiError("user_disabled")
    if person.is_bot:
        raise ApiError("cannot_dm_bot")
    return _opened(call, call.workspace.channels[person.dm])


def info(call: Call) -> Json:
    channel = call.channel()
    shown = as_slack(call, channel)
    if call.flag("include_num_members"):
        shown["num_members"] = len(channel.members)
    return {"channel": shown}


def list_(call: Call) -> Json:
    shown, rest = page(call, _of_types(call, call.workspace.channels.values()))
    return {"channels": [as_slack(call, channel) for channel in shown], **rest}


def of_user(call: Call) -> Json:
    """Of the app itself when no user is given."""
    user = call.text("user") or BOT_USER
    if user not in call.workspace.people:
        raise ApiError("user_not_found")
    joined = [c for c in call.workspace.channels.values() if user in c.members]
    shown, rest = page(call, _of_types(call, joined))
    return {"channels": [as_slack(call, channel) for channel in shown], **rest}


def members(call: Call) -> Json:
    shown, rest = page(call, call.channel().members)
    return {"members": shown, **rest}


def history(call: Call) -> Json:
    """Newest first, without the replies in threads."""
    channel = call.own_channel()
    found = [
        message
        for message in reversed(list(channel.messages.values()))
        if (not message.is_reply or message.subtype == "thread_broadcast")
    ]
    return _messages(call, channel, _between(call, found))


def replies(call: Call) -> Json:
    """The first message of the thread and its replies, oldest first."""
    channel = call.own_channel()
    root = channel.messages.get(call.text("ts"))
    if root is None:
        raise ApiError("thread_not_found")
    found = _between(call, channel.replies(root.ts))
    return _messages(call, channel, [root, *found])


def as_slack(call: Call, channel: Channel) -> Json:
    shared = call.workspace.is_shared(channel)
    if channel.im_with:
        return {
            "id": channel.id,
            "created": _CREATED,
            "is_im": True,
            "is_org_shared": False,
            "is_archived": False,
            "user": channel.im_with,
            "is_open": True,
            "context_team_id": TEAM,
        }
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": True,
        "is_group": False,
        "is_im": False,
        "is_mpim": False,
        "is_private": channel.private,
        "is_archived": False,
        "is_general": channel.name == "general",
        "is_shared": shared,
        "is_ext_shared": shared,
        "is_member": channel.has_bot,
        "created": _CREATED,
        "creator": "U0OLGA",
        "context_team_id": TEAM,
        "topic": {"value": channel.topic, "creator": "U0OLGA", "last_set": _CREATED},
        "purpose": {"value": "", "creator": "", "last_set": 0},
    }


def _opened(call: Call, channel: Channel) -> Json:
    shown = as_slack(call, channel) if call.flag("return_im") else {"id": channel.id}
    return {"no_op": True, "already_open": True, "channel": shown}


def _of_types(call: Call, channels: Iterable[Channel]) -> list[Channel]:
    wanted = [word.strip() for word in (call.text("types") or "public_channel").split(",")]
    if any(word not in _TYPES for word in wanted):
        raise ApiError("invalid_types")
    return [channel for channel in channels if _type(channel) in wanted]


def _type(channel: Channel) -> str:
    if channel.im_with:
        return "im"
    return "private_channel" if channel.private else "public_channel"


def _between(call: Call, messages: list[Message]) -> list[Message]:
    oldest, latest = _moment(call, "oldest"), _moment(call, "latest")
    inclusive = call.flag("inclusive")

    def inside(message: Message) -> bool:
        at = Decimal(message.ts)
        if inclusive and at in (oldest, latest):
            return True
        return (oldest is None or at > oldest) and (latest is None or at < latest)

    return [message for message in messages if inside(message)]


def _moment(call: Call, name: str) -> Decimal | None:
    try:
        return Decimal(call.text(name)) if call.get(name) else None
    except InvalidOperation:
        raise ApiError(f"invalid_ts_{name}") from None


def _messages(call: Call, channel: Channel, found: list[Message]) -> Json:
    shown, rest = page(call, found)
    metadata = call.flag("include_all_metadata")
    return {
        "messages": [channel.shown(message, metadata=metadata) for message in shown],
        "has_more": bool(rest["response_metadata"]["next_cursor"]),
        **rest,
    }
