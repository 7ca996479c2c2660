"""People write, use slash commands and open the app's Home."""

import uuid
from dataclasses import replace

from aiohttp import web

from sandbox.slack import payloads
from sandbox.slack.control.attaching import attached_files
from sandbox.slack.control.refusal import Refused, body_of, channel_of, needed, optional, person_of
from sandbox.slack.delivery.parcel import Attempt, Parcel
from sandbox.slack.messages import Message
from sandbox.slack.methods.call import ApiError
from sandbox.slack.response_url import answer
from sandbox.slack.shapes import Json
from sandbox.slack.tickets import ResponseUrl
from sandbox.slack.typed import as_sent
from sandbox.slack.workspace import Workspace

#: Longer than Slack takes from a person, so that an app can be tried with too much.
MAX_TYPED = 100_000


class PeopleAct:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def message(self, request: web.Request) -> Json:
        """POST messages: a person writes."""
        workspace = self._workspace
        body = await body_of(request, "user", "channel", "text", "thread_ts", "files")
        person = person_of(workspace, needed(body, "user"))
        channel = channel_of(workspace, needed(body, "channel"), person)
        attached = attached_files(body)
        text = (optional(body, "text") or "") if attached else needed(body, "text")
        thread_ts = optional(body, "thread_ts")
        if len(text) > MAX_TYPED:
            raise Refused(f"At most {MAX_TYPED} characters.", 413)
        if thread_ts and thread_ts not in channel.messages:
            raise Refused(f"There is no message {thread_ts} in this channel.", 404)
        root = channel.messages[thread_ts] if thread_ts else None
        message = Message(
            channel=channel.id,
            ts=workspace.new_ts(channel.id),
            user=person.id,
            text=as_sent(text, workspace.people, workspace.groups),
            thread_ts=(root.thread_ts or root.ts) if root else None,
            client_msg_id=str(uuid.uuid4()),
            bot_id="B0BOTTY" if person.is_bot else None,
            team=person.team,
            subtype="file_share" if attached else None,
            files=[one.keep(workspace.files, person.id) for one in attached],
        )
        workspace.post(message)
        return {"ok": True, "ts": message.ts}

    async def command(self, request: web.Request) -> Json:
        """POST commands: a person uses a slash command, which works outside threads only."""
        workspace = self._workspace
        body = await body_of(request, "user", "channel", "command", "text")
        person = person_of(workspace, needed(body, "user"))
        channel = channel_of(workspace, needed(body, "channel"), person)
        command = needed(body, "command")
        known = workspace.settings.manifest.commands
        if not command.startswith("/") or (known is not None and command not in known):
            raise Refused(f"{command} is not a valid command.", 404)
        payload = payloads.slash_command(
            person,
            channel,
            command=command,
            text=optional(body, "text") or "",
            trigger_id=workspace.triggers.issue(person.id),
            response_url=workspace.response_url(channel=channel.id, user=person.id),
        )
        attempt = await workspace.dispatcher.send(Parcel("slash_commands", payload))
        if not attempt.acked:
            _say_it_failed(workspace, channel.id, person.id, f"{command} failed: {attempt.reason}")
        elif attempt.response:
            _show(workspace, channel.id, person.id, attempt.response)
        return acknowledged(attempt)

    async def shortcut(self, request: web.Request) -> Json:
        """POST shortcuts: a person chooses one of the app's shortcuts at a message.

        https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload
        """
        workspace = self._workspace
        body = await body_of(request, "user", "channel", "ts", "callback_id")
        person = person_of(workspace, needed(body, "user"))
        channel = channel_of(workspace, needed(body, "channel"), person)
        message = channel.messages.get(needed(body, "ts"))
        callback_id = needed(body, "callback_id")
        known = workspace.settings.manifest.shortcuts
        if message is None:
            raise Refused(f"There is no message {body['ts']} in this channel.", 404)
        if known is not None and callback_id not in known:
            raise Refused(f"The app has no shortcut {callback_id}.", 404)
        payload = {
            **payloads.interaction(person, "message_action", workspace.triggers.issue(person.id)),
            "callback_id": callback_id,
            "action_ts": f"{workspace.now():.6f}",
            "channel": {"id": channel.id, "name": payloads.channel_name(channel)},
            "message_ts": message.ts,
            "message": channel.shown(message, metadata=True),
            "response_url": workspace.response_url(
                channel=channel.id, user=person.id, ts=message.ts, thread_ts=message.thread_ts
            ),
        }
        attempt = await workspace.dispatcher.send(Parcel("interactive", payload))
        return acknowledged(attempt)

    async def home(self, request: web.Request) -> Json:
        """POST home: a person opens the app, at its Home or its Messages tab."""
        workspace = self._workspace
        body = await body_of(request, "user", "tab")
        person = person_of(workspace, needed(body, "user"))
        tab = optional(body, "tab") or "home"
        if tab not in ("home", "messages"):
            raise Refused("`tab` must be home or messages.")
        event: Json = {
            "type": "app_home_opened",
            "user": person.id,
            "channel": person.dm,
            "tab": tab,
            "event_ts": f"{workspace.now():.6f}",
        }
        home = workspace.views.homes.get(person.id)
        if tab == "home" and home is not None:
            event["view"] = home.body
        workspace.emit(event)
        return {"ok": True}

    async def members(self, request: web.Request) -> Json:
        """POST members: somebody joins a channel, or leaves it."""
        workspace = self._workspace
        body = await body_of(request, "user", "channel", "joins")
        user = needed(body, "user")
        channel = workspace.channels.get(needed(body, "channel"))
        if channel is None or channel.im_with or user not in workspace.people:
            raise Refused("`user` and `channel` must be a person and a channel that exist.", 404)
        joins = body.get("joins", True)
        if joins == (user in channel.members):
            return {"ok": True}
        if joins:
            channel.members.append(user)
        else:
            channel.members.remove(user)
        event: Json = {
            "type": "member_joined_channel" if joins else "member_left_channel",
            "user": user,
            "channel": channel.id,
            "channel_type": "G" if channel.private else "C",
            "team": workspace.people[user].team,
            "event_ts": f"{workspace.now():.6f}",
        }
        workspace.emit(event, channel)
        workspace.store.put("members", channel.id, channel.members)
        return {"ok": True}

    async def usergroups(self, request: web.Request) -> Json:
        """POST usergroups: somebody joins a user group or leaves it, until the next start."""
        workspace = self._workspace
        body = await body_of(request, "user", "usergroup", "joins")
        user, group_id = needed(body, "user"), needed(body, "usergroup")
        if user not in workspace.people or group_id not in {g.id for g in workspace.groups}:
            raise Refused("`user` and `usergroup` must be a person and a group that exist.", 404)
        joins = [user] if body.get("joins", True) else []
        workspace.groups = tuple(
            replace(g, members=(*(m for m in g.members if m != user), *joins))
            if g.id == group_id
            else g
            for g in workspace.groups
        )
        return {"ok": True}


def acknowledged(attempt: Attempt) -> Json:
    """What the caller learns of the app's acknowledgement."""
    return {"ok": True, "acked": attempt.acked, "response": attempt.response}


def _show(workspace: Workspace, channel: str, user: str, response: Json) -> None:
    """A command's acknowledgement may be a message."""
    if not (response.get("text") or response.get("blocks")):
        return
    use = ResponseUrl(channel, user, None, None, until=0)
    try:
        answer(workspace, use, {k: v for k, v in response.items() if k != "replace_original"})
    except ApiError as error:
        raise Refused(
            f"The app's answer was refused: {error.code} {error.messages}", 502
        ) from error


def _say_it_failed(workspace: Workspace, channel: str, user: str, text: str) -> None:
    """What Slack tells a person whose command was not acknowledged in time."""
    ts = workspace.new_ts(channel)
    workspace.whisper(Message(channel, ts, "USLACKBOT", text, ephemeral_to=user))
