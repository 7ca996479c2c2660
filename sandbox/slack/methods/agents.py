"""`agents.sessions.*`: what people see of the app's work in a thread, and its title."""

from sandbox.slack.messages import Channel
from sandbox.slack.methods.call import ApiError, Call
from sandbox.slack.sessions import MAX_TITLE, STATUSES
from sandbox.slack.shapes import Json

STOP_EVENT = "agent_session_stopped"


def set_status(call: Call) -> Json:
    channel, thread_ts = _thread(call)
    status, title = call.text("status"), call.text("title")
    if status not in STATUSES:
        raise ApiError("invalid_status")
    if len(title) > MAX_TITLE:
        raise _too_long()
    initiator = call.text("initiator_user_id")
    if initiator and initiator not in call.workspace.people:
        raise ApiError("user_not_found")
    session = call.workspace.sessions.set(
        channel, thread_ts, status, title=title, initiator=initiator
    )
    answer: Json = {"status": status, "agent_status": status}
    if session.title:
        answer["title"] = session.title
    return {**answer, **_warning(call)}


def rename(call: Call) -> Json:
    channel, thread_ts = _thread(call)
    title = call.text("title")
    if len(title) > MAX_TITLE:
        raise _too_long()
    session = call.workspace.sessions.find(channel, thread_ts)
    if session is None:
        raise ApiError("session_not_found")
    call.workspace.sessions.rename(channel, thread_ts, session, title)
    return {"title": title}


def _thread(call: Call) -> tuple[Channel, str]:
    """Channel and first message of the thread, for an app that is an agent and in the channel."""
    if not call.workspace.settings.manifest.agent:
        raise ApiError("not_authorized")
    channel = call.channel("channel_id")
    if not channel.has_bot:
        raise ApiError("not_authorized")
    if not call.get("thread_ts"):
        raise ApiError("thread_ts_required")
    root = channel.messages.get(call.text("thread_ts"))
    if root is None:
        reason = "there is no such message [json-pointer:/thread_ts]"
        raise ApiError("invalid_arguments", (f"[ERROR] {reason}",))
    return channel, root.thread_ts or root.ts


def _warning(call: Call) -> Json:
    """Without the event people get no Stop button, and Slack says so with every call."""
    events = call.workspace.settings.manifest.events
    if events is None or STOP_EVENT in events:
        return {}
    warning = f"missing_{STOP_EVENT}_event_subscription"
    return {"warning": warning, "response_metadata": {"warnings": [warning]}}


def _too_long() -> ApiError:
    reason = f"must be less than {MAX_TITLE + 1} characters [json-pointer:/title]"
    return ApiError("invalid_arguments", (f"[ERROR] {reason}",))
