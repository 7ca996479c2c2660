"""What can be looked at: who is here, what was said, what is open, what was called."""

from dataclasses import asdict

from aiohttp import web

from sandbox.slack.control.refusal import Refused
from sandbox.slack.messages import Channel, Message
from sandbox.slack.shapes import BOT, BOT_NAME, BOT_USER, TEAM, TEAM_NAME, Json
from sandbox.slack.workspace import Workspace


class Looking:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def ready(self, request: web.Request) -> web.Response:
        waiting = self._workspace.dispatcher.transport.waiting_for
        if waiting:
            return web.json_response({"ready": False, "waiting_for": [waiting]}, status=503)
        return web.json_response({"ready": True})

    async def workspace(self, request: web.Request) -> Json:
        workspace = self._workspace
        keys = ("id", "name", "role", "title", "tz", "is_restricted", "dm")
        people = [person for person in workspace.people.values() if person.pickable]
        channels = [channel for channel in workspace.channels.values() if not channel.im_with]
        return {
            "team": {"id": TEAM, "name": TEAM_NAME},
            "users": [{key: getattr(person, key) for key in keys} for person in people],
            "channels": [
                {"id": c.id, "name": c.name, "topic": c.topic, "members": list(c.members)}
                for c in channels
            ],
            "groups": [
                {"id": g.id, "handle": g.handle, "members": list(g.members)}
                for g in workspace.groups
                if not g.disabled
            ],
            "bot": {"user_id": BOT_USER, "bot_id": BOT, "name": BOT_NAME},
        }

    async def messages(self, request: web.Request) -> Json:
        """Oldest first, with ephemeral ones; `user` leaves out those that others alone see."""
        channel = self._workspace.channels.get(request.query.get("channel", ""))
        if channel is None:
            raise Refused("`channel` must be the id of a channel.", 404)
        thread_ts, user = request.query.get("thread_ts"), request.query.get("user")
        shown = messages_of(channel, thread_ts=thread_ts, user=user)
        return {"messages": shown, "status": self._status(channel, thread_ts)}

    async def views(self, request: web.Request) -> Json:
        user = request.query.get("user", "")
        if user not in self._workspace.people:
            raise Refused("`user` must be the id of a person.", 404)
        stack = self._workspace.views.stacks.get(user, [])
        home = self._workspace.views.homes.get(user)
        return {
            "views": [view.body for view in stack],
            "home": home.body if home else None,
        }

    async def status(self, request: web.Request) -> Json:
        """All status lines that show now, agent sessions, and the suggested prompts."""
        workspace = self._workspace
        lines = [
            {
                "channel": channel,
                "thread_ts": thread_ts,
                "text": status.text,
                "loading_messages": list(status.loading_messages),
            }
            for (channel, thread_ts), status in workspace.statuses.items()
            if workspace.now() < status.until
        ]
        sessions = [
            {
                "channel": channel,
                "thread_ts": thread_ts,
                **asdict(session),
            }
            for channel, thread_ts in workspace.sessions.all()
            if (session := workspace.sessions.find(workspace.channels[channel], thread_ts))
        ]
        return {"statuses": lines, "sessions": sessions, "prompts": workspace.prompts}

    async def calls(self, request: web.Request) -> Json:
        return {"calls": self._workspace.calls.since(_number(request, "since"))}

    async def deliveries(self, request: web.Request) -> Json:
        journal = self._workspace.dispatcher.journal
        return {"deliveries": journal.since(_number(request, "since"))}

    def _status(self, channel: Channel, thread_ts: str | None) -> Json | None:
        status = self._workspace.status(channel.id, thread_ts) if thread_ts else None
        if status is None:
            return None
        return {"text": status.text, "loading_messages": list(status.loading_messages)}


def messages_of(
    channel: Channel, *, thread_ts: str | None = None, user: str | None = None
) -> list[Json]:
    """Messages in the order of their ts, each with `ephemeral_to` when only that person sees it.

    `thread_ts`: only that thread. `user`: as this person sees it.
    """
    found = [*channel.messages.values(), *channel.ephemeral.values()]
    if thread_ts:
        found = [m for m in found if thread_ts in (m.ts, m.thread_ts)]
    if user:
        found = [m for m in found if m.ephemeral_to in (None, user)]
    return [_shown(channel, message) for message in sorted(found, key=_moment)]


def _shown(channel: Channel, message: Message) -> Json:
    shown = channel.shown(message, metadata=True)
    shown["channel"] = channel.id
    if message.ephemeral_to:
        shown["ephemeral_to"] = message.ephemeral_to
    if message.stream:
        state = message.stream.state_at(channel.around.now())
        shown["stream"] = {**asdict(message.stream), "state": state}
    return shown


def _moment(message: Message) -> tuple[int, int]:
    seconds, micros = message.ts.split(".")
    return int(seconds), int(micros)


def _number(request: web.Request, name: str) -> int:
    text = request.query.get(name, "0")
    if not text.isdigit():
        raise Refused(f"`{name}` must be a whole number.")
    return int(text)
