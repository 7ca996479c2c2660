"""POST stop: a person presses the Stop button that Slack shows while the app works in a thread.

https://docs.slack.dev/reference/events/agent_session_stopped
"""

from aiohttp import web

from sandbox.slack.control.refusal import Refused, body_of, channel_of, needed, person_of
from sandbox.slack.messages import Channel, Message
from sandbox.slack.methods.agents import STOP_EVENT
from sandbox.slack.shapes import Json
from sandbox.slack.workspace import Workspace


class Stopping:
    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def stop(self, request: web.Request) -> Json:
        """Ends what streams in that thread and tells the app, which has to do the rest."""
        workspace = self._workspace
        body = await body_of(request, "user", "channel", "thread_ts")
        person = person_of(workspace, needed(body, "user"))
        channel = channel_of(workspace, needed(body, "channel"), person)
        thread_ts = needed(body, "thread_ts")
        events = workspace.settings.manifest.events
        if events is not None and STOP_EVENT not in events:
            raise Refused(f"The app has no {STOP_EVENT} in its manifest, so no Stop is shown.", 409)
        session = workspace.sessions.find(channel, thread_ts)
        if session is None or session.status != "processing":
            raise Refused("Nothing is being worked on in this thread.", 409)
        stopped = self._end_streams(channel, thread_ts)
        workspace.sessions.pressed_stop(channel, thread_ts, session, person.id)
        event = {
            "type": STOP_EVENT,
            "user": person.id,
            "channel": channel.id,
            "thread_ts": thread_ts,
            "streaming_message_ts": [message.ts for message in stopped],
            "event_ts": f"{workspace.now():.6f}",
        }
        workspace.emit(event, channel)
        return {"ok": True, "streaming_message_ts": event["streaming_message_ts"]}

    def _end_streams(self, channel: Channel, thread_ts: str) -> list[Message]:
        stopped = []
        for message in channel.replies(thread_ts):
            if message.stream and message.stream.state_at(self._workspace.now()) == "streaming":
                message.stream.state = "stopped"
                self._workspace.keep(message)
                stopped.append(message)
        return stopped
