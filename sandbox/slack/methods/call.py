"""One call of a method, and how it is refused."""

from dataclasses import dataclass
from typing import Any

from sandbox.slack.messages import Channel, Message
from sandbox.slack.shapes import Json
from sandbox.slack.workspace import Workspace


class ApiError(Exception):
    """Slack's `ok: false`. `messages` are the sentences of response_metadata."""

    def __init__(self, code: str, messages: tuple[str, ...] = (), **more: Any) -> None:
        super().__init__(code)
        self.code = code
        self.messages = messages
        self.more = more

    def as_json(self) -> Json:
        body: Json = {"ok": False, "error": self.code, **self.more}
        if self.messages:
            body["response_metadata"] = {"messages": list(self.messages)}
        return body


@dataclass(frozen=True)
class Call:
    """`args` holds only known arguments, converted to what the table says."""

    workspace: Workspace
    args: Json

    def get(self, name: str) -> Any:
        return self.args.get(name)

    def text(self, name: str) -> str:
        """The string argument, or empty."""
        return str(self.args.get(name, ""))

    def flag(self, name: str) -> bool:
        return bool(self.args.get(name, False))

    def channel(self, name: str = "channel") -> Channel:
        """By id; `channel_not_found` otherwise, and for private ones the app is not in."""
        channel = self.workspace.channels.get(self.text(name))
        if channel is None or (channel.private and not channel.has_bot):
            raise ApiError("channel_not_found")
        return channel

    def own_channel(self, name: str = "channel") -> Channel:
        """A channel the app is in."""
        channel = self.channel(name)
        if not channel.has_bot:
            raise ApiError("not_in_channel")
        return channel

    def message(self, channel: Channel, name: str = "ts") -> Message:
        """`message_not_found` when there is none, or only an ephemeral one, with that ts."""
        message = channel.messages.get(self.text(name))
        if message is None or message.subtype == "tombstone":
            raise ApiError("message_not_found")
        return message
