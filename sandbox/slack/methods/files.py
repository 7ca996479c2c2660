"""`files.*`: the flow of external uploads, and what is known of a file.

https://docs.slack.dev/messaging/working-with-files
"""

from sandbox.slack.files import MAX_BYTES, File
from sandbox.slack.messages import Channel, Message
from sandbox.slack.methods import content
from sandbox.slack.methods.call import ApiError, Call
from sandbox.slack.shapes import BOT, BOT_USER, Json

MAX_ALT_TEXT = 1000
MAX_SNIPPET = 2**20
MAX_CHANNELS = 100
_FILE_KEYS = {"id", "title", "highlight_type"}


def get_upload_url(call: Call) -> Json:
    """First step: where to send the bytes. They are sent by a POST without a token."""
    size = call.args["length"]
    if size <= 0:
        raise ApiError("missing_argument")
    if size > MAX_BYTES:
        raise ApiError("file_upload_size_restricted")
    if call.get("snippet_type") and size > MAX_SNIPPET:
        raise ApiError("snippet_too_large")
    if len(call.text("alt_txt")) > MAX_ALT_TEXT:
        raise ApiError("alt_txt_too_large")
    files = call.workspace.files
    file = files.announce(call.text("filename"), size)
    return {"upload_url": files.upload_url(file), "file_id": file.id}


def complete(call: Call) -> Json:
    """Last step: the files are shared, each channel gets one message with all of them."""
    given = [_uploaded(call, item) for item in call.args["files"]]
    if not given:
        raise _invalid("no fewer than 1 items allowed", "files")
    channels = _channels(call)
    thread_ts = _thread(call, channels)
    comment = call.text("initial_comment")
    blocks = [] if comment else content.checked_blocks(call.get("blocks") or [])
    ready = [call.workspace.files.finish(file, title=title) for file, title in given]
    for channel in channels:
        message = Message(
            channel=channel.id,
            ts=call.workspace.new_ts(channel.id),
            user=BOT_USER,
            text=comment,
            blocks=blocks,
            thread_ts=thread_ts,
            subtype="file_share",
            bot_id=BOT,
            files=[file.id for file in ready],
        )
        call.workspace.post(message)
    return {"files": [_with_shares(call, file.id) for file in ready]}


def info(call: Call) -> Json:
    file = call.workspace.files.find(call.text("file"))
    if file is None or file.state != "ready":
        raise ApiError("file_not_found")
    if not seen_by_app(call, file):
        raise ApiError("not_visible")
    return {
        "file": _with_shares(call, file.id),
        "comments": [],
        "response_metadata": {"next_cursor": ""},
    }


def seen_by_app(call: Call, file: File) -> bool:
    """Its own files, and those in a channel it is in."""
    channels = [call.workspace.channels[share[0]] for share in file.shares]
    return file.user == BOT_USER or any(channel.has_bot for channel in channels)


def _uploaded(call: Call, item: object) -> tuple[File, str]:
    """The file an item names, and the title given with it; its bytes must have arrived."""
    if not isinstance(item, dict) or set(item) - _FILE_KEYS or not isinstance(item.get("id"), str):
        raise _invalid("must have an id, and may have title and highlight_type", "files")
    file = call.workspace.files.find(item["id"])
    if file is None or file.state != "uploaded" or file.user != BOT_USER:
        raise ApiError("file_not_found")
    return file, str(item.get("title") or "")


def _channels(call: Call) -> list[Channel]:
    """Where to share; nowhere makes a private file."""
    ids = [call.text("channel_id"), *call.text("channels").split(",")]
    wanted = list(dict.fromkeys(one.strip() for one in ids if one.strip()))
    if len(wanted) > MAX_CHANNELS:
        raise ApiError("channels_limit_exceeded")
    found = [call.workspace.channels.get(one) for one in wanted]
    channels = [channel for channel in found if channel is not None]
    if len(channels) < len(wanted):
        raise ApiError("channel_not_found")
    if not all(channel.has_bot for channel in channels):
        raise ApiError("not_in_channel")
    return channels


def _thread(call: Call, channels: list[Channel]) -> str | None:
    if not call.get("thread_ts"):
        return None
    if len(channels) != 1:
        raise _invalid("needs exactly one channel", "thread_ts")
    root = channels[0].messages.get(call.text("thread_ts"))
    if root is None:
        raise _invalid("there is no such message", "thread_ts")
    return root.thread_ts or root.ts


def _with_shares(call: Call, file_id: str) -> Json:
    """The file with where it stands."""
    file = call.workspace.files.find(file_id)
    shares = file.shares if file else []
    public: dict[str, list[Json]] = {}
    for channel_id, ts, thread_ts in shares:
        channel = call.workspace.channels[channel_id]
        share: Json = {"ts": ts, "channel_name": channel.name, "reply_count": 0}
        if thread_ts:
            share["thread_ts"] = thread_ts
        public.setdefault(channel_id, []).append(share)
    direct = [channel_id for channel_id in public if channel_id.startswith("D")]
    return {
        **call.workspace.files.as_slack(file_id),
        "channels": [channel_id for channel_id in public if channel_id not in direct],
        "groups": [],
        "ims": direct,
        "comments_count": 0,
        "shares": {
            "public": {id_: found for id_, found in public.items() if id_ not in direct},
            "private": {id_: found for id_, found in public.items() if id_ in direct},
        },
    }


def _invalid(reason: str, name: str) -> ApiError:
    return ApiError("invalid_arguments", (f"[ERROR] {reason} [json-pointer:/{name}]",))
