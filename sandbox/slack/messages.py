"""Messages and channels as the workspace keeps them, and as Slack writes them."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox.slack.shapes import APP, BOT, BOT_NAME, BOT_USER, TEAM, Json
from sandbox.slack.stream import Stream


@dataclass
class Message:
    """One message. `ts` is unique in its channel. `ephemeral_to`: seen by that person alone."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    metadata: Json | None = None
    edited: Json | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    subtype: str | None = None
    bot_id: str | None = None
    client_msg_id: str | None = None
    ephemeral_to: str | None = None
    #: The workspace of whoever wrote it.
    team: str = TEAM
    #: Ids of files shared with it.
    files: list[str] = field(default_factory=list)
    #: Present while (and after) text was streamed.
    stream: Stream | None = None

    @classmethod
    def restored(cls, stored: Json) -> "Message":
        """The message that `stored` wrote down."""
        stream = Stream(**stored["stream"]) if stored.get("stream") else None
        return cls(**{**stored, "stream": stream})

    @property
    def is_reply(self) -> bool:
        return self.thread_ts is not None and self.thread_ts != self.ts

    @property
    def streaming(self) -> Stream:
        """The stream of a message that has one."""
        if self.stream is None:
            raise LookupError(f"message {self.ts} was never streamed")
        return self.stream

    def as_slack(self, *, metadata: bool = True) -> Json:
        """The message as the Web API and events show it."""
        shown: Json = {"type": "message", "user": self.user, "ts": self.ts, "text": self.text}
        shown["team"] = self.team
        if self.team != TEAM:
            shown.update(user_team=self.team, source_team=self.team)
        for key in ("subtype", "client_msg_id", "thread_ts", "edited"):
            if getattr(self, key) is not None:
                shown[key] = getattr(self, key)
        for key in ("blocks", "attachments"):
            if getattr(self, key):
                shown[key] = getattr(self, key)
        if self.reactions:
            shown["reactions"] = self.reactions_as_slack()
        if self.bot_id:
            shown.update(bot_id=self.bot_id, bot_profile=bot_profile(self.bot_id))
            if self.bot_id == BOT:
                shown["app_id"] = APP
        if metadata and self.metadata:
            shown["metadata"] = self.metadata
        if self.ephemeral_to:
            shown["is_ephemeral"] = True
        return shown

    def reactions_as_slack(self) -> list[Json]:
        return [
            {"name": name, "users": list(users), "count": len(users)}
            for name, users in self.reactions.items()
        ]

    def stored(self) -> Json:
        return asdict(self)


def bot_profile(bot_id: str) -> Json:
    """The short profile that stands in every message of a bot."""
    name = BOT_NAME if bot_id == BOT else "Botty"
    return {
        "id": bot_id,
        "app_id": APP if bot_id == BOT else "A0BOTTY",
        "name": name,
        "icons": {},
        "deleted": False,
        "updated": 1_700_000_000,
        "team_id": TEAM,
    }


@dataclass(frozen=True)
class Around:
    """What a channel needs of its workspace. `now`: seconds since 1970; `file`: as Slack shows the
    file with this id."""

    now: Callable[[], float]
    file: Callable[[str], Json]


@dataclass
class Channel:
    """A channel or, with `im_with`, the direct messages of one person and the app."""

    id: str
    name: str
    members: list[str]
    around: Around
    topic: str = ""
    im_with: str | None = None
    #: Seen by its members alone.
    private: bool = False
    messages: dict[str, Message] = field(default_factory=dict)
    threads: dict[str, list[str]] = field(default_factory=dict)
    ephemeral: dict[str, Message] = field(default_factory=dict)
    last_us: int = 0

    @property
    def kind(self) -> str:
        """The word in scopes and event names: `channels`, `groups` (private ones) or `im`."""
        return "im" if self.im_with else "groups" if self.private else "channels"

    @property
    def has_bot(self) -> bool:
        return BOT_USER in self.members

    def next_ts(self, now: float) -> str:
        """A timestamp of this moment that no message of this channel has; they only grow."""
        self.last_us = max(int(now * 1_000_000), self.last_us + 1)
        return f"{self.last_us // 1_000_000}.{self.last_us % 1_000_000:06d}"

    def put(self, message: Message) -> None:
        """Adds a message or replaces the one with its ts."""
        known = self.messages.get(message.ts)
        self.messages[message.ts] = message
        if known is None and message.is_reply and message.thread_ts:
            self.threads.setdefault(message.thread_ts, []).append(message.ts)
        seconds, micros = message.ts.split(".")
        self.last_us = max(self.last_us, int(seconds) * 1_000_000 + int(micros))

    def drop(self, ts: str) -> None:
        message = self.messages.pop(ts)
        if message.is_reply and message.thread_ts in self.threads:
            self.threads[message.thread_ts].remove(ts)

    def replies(self, root_ts: str) -> list[Message]:
        """The replies of a thread, oldest first, without its first message."""
        return [self.messages[ts] for ts in self.threads.get(root_ts, ())]

    def shown(self, message: Message, *, metadata: bool) -> Json:
        """The message with what only the channel knows: its files, how its thread goes on, and
        whether its text is still streamed now."""
        shown = message.as_slack(metadata=metadata)
        if message.files:
            files = [self.around.file(file_id) for file_id in message.files]
            shown.update(files=files, upload=True, display_as_bot=False)
        if message.stream is not None:
            goes_on = message.stream.state_at(self.around.now()) == "streaming"
            shown["streaming_state"] = "in_progress" if goes_on else "completed"
        root = self.messages.get(message.thread_ts or "")
        if message.is_reply and root:
            shown["parent_user_id"] = root.user
        replies = self.replies(message.ts)
        if replies:
            shown.update(_thread_summary(message.ts, replies))
        return shown


def _thread_summary(ts: str, replies: list[Message]) -> dict[str, Any]:
    users = list(dict.fromkeys(reply.user for reply in replies))
    return {
        "thread_ts": ts,
        "reply_count": len(replies),
        "reply_users": users,
        "reply_users_count": len(users),
        "latest_reply": replies[-1].ts,
        "is_locked": False,
        "subscribed": True,
    }
