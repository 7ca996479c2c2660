"""Everything one view of the page shows, computed from what was read; pure.

`Scene` is what the templates see. Slack's own messages, views and blocks stay the plain JSON that
Slack's API speaks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from sandbox.page.posts import Json, Post, last_word

#: Where the samples go when the chosen person is a member.
SAMPLE_CHANNEL = "C0SUPPORT"


@dataclass(frozen=True)
class Person:
    """`role` is a word for the picker ("finance"); `zone` an IANA name."""

    id: str
    name: str
    role: str
    title: str
    zone: str
    guest: bool

    @property
    def first(self) -> str:
        return self.name.split()[0] if self.name.split() else self.id


@dataclass(frozen=True)
class Channel:
    """`direct_with` is the person of a direct conversation with the app, else empty."""

    id: str
    name: str
    members: tuple[str, ...]
    direct_with: str = ""
    #: Seen by its members alone.
    private: bool = False


@dataclass(frozen=True)
class Work:
    """What the app does in a thread. `text` goes on after its name; `stop`: people may end it;
    `stopping`: somebody asked for that."""

    thread_ts: str
    text: str
    stop: bool = False
    stopping: bool = False


@dataclass(frozen=True)
class Scene:
    """`tab` is "home" or empty; `thread_ts` the open thread's root or empty; `earlier` messages
    stand above those shown; `connected` when the app hears what happens."""

    me: Person
    people: tuple[Person, ...]
    channels: tuple[Channel, ...]
    directs: tuple[Channel, ...]
    channel: Channel | None
    tab: str
    thread_ts: str
    messages: tuple[Post, ...]
    earlier: int
    replies: tuple[Post, ...]
    work: Work | None
    home: Json | None
    connected: bool
    #: callback_id -> name: what the app offers at a message.
    shortcuts: Mapping[str, str]

    @property
    def direct(self) -> bool:
        return bool(self.channel and self.channel.direct_with)

    @property
    def place(self) -> str:
        return self.channel.id if self.channel else ""

    @property
    def told(self) -> str:
        """The thread whose story is told: the open one, else the last with an answer. In direct
        messages the app answers beside what was written, so there it is what was written last."""
        if self.direct:
            return self.thread_ts or last_word(self.messages)
        answered = [message.ts for message in self.messages if message.replies]
        return self.thread_ts or (answered[-1] if answered else "")

    @property
    def opened(self) -> str:
        """Which tab of the app this view opens, as Slack names it; empty in a channel."""
        return "home" if self.tab else "messages" if self.direct else ""

    @property
    def title(self) -> str:
        if self.tab == "home" or self.direct or not self.channel:
            return "Signoff"
        return self.channel.name

    @property
    def subtitle(self) -> str:
        if self.tab == "home":
            return f"What Signoff shows {self.me.first}"
        if self.direct or not self.channel:
            return f"Between {self.me.first} and the app"
        names = {person.id: person.first for person in self.people}
        return ", ".join(names[m] for m in self.channel.members if m in names) + " and Signoff"

    @property
    def sample_channel(self) -> str:
        """#support when the person is in it; else where they are, or their first channel."""
        ids = [channel.id for channel in self.channels]
        if SAMPLE_CHANNEL in ids or not ids:
            return SAMPLE_CHANNEL
        return self.channel.id if self.channel and self.channel.id in ids else ids[0]

    def at(self, channel_id: str) -> bool:
        shown = self.channel.id if self.channel and self.tab != "home" else ""
        return shown == channel_id

    def url(self, *, person: str = "", channel: str = "", thread: str = "", tab: str = "") -> str:
        """Address of another view; the person stays unless another is named."""
        query = {"as": person or self.me.id, "channel": channel, "thread": thread, "tab": tab}
        return "/?" + urlencode({name: value for name, value in query.items() if value})
