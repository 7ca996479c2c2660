"""Which function answers which method."""

from collections.abc import Callable

from sandbox.slack.delivery.socket_mode import new_ticket
from sandbox.slack.methods import (
    agents,
    assistant,
    chat,
    conversations,
    files,
    reactions,
    streams,
    usergroups,
    users,
    views,
)
from sandbox.slack.methods.call import ApiError, Call
from sandbox.slack.shapes import APP, Json


def _api_test(call: Call) -> Json:
    if call.get("error"):
        raise ApiError(call.text("error"), args=call.args)
    return {"args": call.args}


def _open_connection(call: Call) -> Json:
    base = call.workspace.base_url.replace("http", "ws", 1)
    return {"url": f"{base}/link/?ticket={new_ticket()}&app_id={APP}"}


HANDLERS: dict[str, Callable[[Call], Json]] = {
    "agents.sessions.rename": agents.rename,
    "agents.sessions.setStatus": agents.set_status,
    "api.test": _api_test,
    "apps.connections.open": _open_connection,
    "assistant.threads.setStatus": assistant.set_status,
    "assistant.threads.setSuggestedPrompts": assistant.set_prompts,
    "assistant.threads.setTitle": assistant.set_title,
    "auth.test": users.auth_test,
    "bots.info": users.bot_info,
    "chat.appendStream": streams.append,
    "chat.delete": chat.delete,
    "chat.getPermalink": chat.permalink,
    "chat.postEphemeral": chat.post_ephemeral,
    "chat.postMessage": chat.post_message,
    "chat.startStream": streams.start,
    "chat.stopStream": streams.stop,
    "chat.update": chat.update,
    "conversations.history": conversations.history,
    "conversations.info": conversations.info,
    "conversations.list": conversations.list_,
    "conversations.members": conversations.members,
    "conversations.open": conversations.open_,
    "conversations.replies": conversations.replies,
    "files.completeUploadExternal": files.complete,
    "files.getUploadURLExternal": files.get_upload_url,
    "files.info": files.info,
    "reactions.add": reactions.add,
    "reactions.get": reactions.get,
    "reactions.remove": reactions.remove,
    "team.info": users.team,
    "usergroups.list": usergroups.list_,
    "usergroups.users.list": usergroups.users,
    "users.conversations": conversations.of_user,
    "users.info": users.info,
    "users.list": users.list_,
    "views.open": views.open_,
    "views.publish": views.publish,
    "views.push": views.push,
    "views.update": views.update,
}
