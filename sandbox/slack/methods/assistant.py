"""`assistant.threads.*`: the status line, suggested prompts, titles."""

from sandbox.slack.messages import Channel
from sandbox.slack.methods.call import ApiError, Call
from sandbox.slack.shapes import Json
from sandbox.slack.workspace import STATUS_SECONDS, Status

MAX_LOADING, MAX_LOADING_TEXT = 10, 50
MAX_PROMPTS = 4


def set_status(call: Call) -> Json:
    """An empty status clears the line; it clears itself after two minutes or with an answer."""
    channel = _thread(call)
    loading = [str(line) for line in call.get("loading_messages") or ()]
    if len(loading) > MAX_LOADING or any(len(line) > MAX_LOADING_TEXT for line in loading):
        reason = f"at most {MAX_LOADING} messages of {MAX_LOADING_TEXT} characters"
        raise ApiError("invalid_arguments", (f"[ERROR] {reason} [json-pointer:/loading_messages]",))
    status = None
    if call.text("status"):
        until = call.workspace.now() + STATUS_SECONDS
        status = Status(call.text("status"), tuple(loading), until)
    call.workspace.set_status(channel.id, call.text("thread_ts"), status)
    return {}


def set_prompts(call: Call) -> Json:
    channel = _thread(call)
    prompts = call.args["prompts"]
    if len(prompts) > MAX_PROMPTS:
        raise ApiError("too_many_prompts")
    for index, prompt in enumerate(prompts):
        if not isinstance(prompt, dict) or set(prompt) != {"title", "message"}:
            reason = f"must have title and message [json-pointer:/prompts/{index}]"
            raise ApiError("invalid_arguments", (f"[ERROR] {reason}",))
    key = f"{channel.id}:{call.text('thread_ts')}"
    call.workspace.prompts[key] = {"title": call.text("title"), "prompts": prompts}
    call.workspace.announce("status", channel=channel.id, thread_ts=call.text("thread_ts"))
    return {}


def set_title(call: Call) -> Json:
    _thread(call)
    return {}


def _thread(call: Call) -> Channel:
    """Without a thread_ts the app's own conversation with the person is meant."""
    channel = call.channel("channel_id")
    if call.get("thread_ts") and call.text("thread_ts") not in channel.messages:
        raise ApiError("thread_not_found")
    if not channel.has_bot:
        raise ApiError("not_in_channel")
    return channel
