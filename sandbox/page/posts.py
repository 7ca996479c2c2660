"""Messages as the page shows them, computed from Slack's JSON; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Author:
    name: str
    initials: str
    tint: int
    is_app: bool


@dataclass(frozen=True)
class Reaction:
    name: str
    count: int


@dataclass(frozen=True)
class Document:
    """A file of a message; `size` in words."""

    id: str
    name: str
    title: str
    kind: str
    size: str


@dataclass(frozen=True)
class Post:
    """One message as shown. `open` when its thread is unfolded; `growing` while it is streamed
    (None: it never was)."""

    channel: str
    ts: str
    time: str
    author: Author
    text: str
    blocks: Sequence[Json]
    reactions: tuple[Reaction, ...]
    replies: int
    edited: bool
    ephemeral: bool
    open: bool
    growing: bool | None = None
    files: tuple[Document, ...] = ()

    @property
    def slug(self) -> str:
        """The ts as part of an element's id."""
        return self.ts.replace(".", "-") + ("-e" if self.ephemeral else "")


def last_word(messages: Sequence[Post]) -> str:
    """The ts of the last message that a person wrote; empty without one."""
    return next((one.ts for one in reversed(messages) if not one.author.is_app), "")


def author(message: Json, names: Mapping[str, str], bot_user: str) -> Author:
    """Who wrote a message; a message of the app is the app's whatever user it names."""
    user = str(message.get("user", ""))
    if message.get("bot_id") or user == bot_user:
        return Author("Signoff", "S", 0, is_app=True)
    name = names.get(user, user or "Unknown")
    initials = "".join(word[0] for word in name.split()[:2]).upper()
    return Author(name, initials, sum(map(ord, user)) % 5, is_app=False)


def document(file: Json) -> Document:
    return Document(
        id=str(file["id"]),
        name=str(file["name"]),
        title=str(file["title"]),
        kind=str(file["pretty_type"])[:4],
        size=size_words(int(file["size"])),
    )


def size_words(size: int) -> str:
    """Bytes as people say them: 512 bytes, 4 KB, 1.5 MB."""
    if size < 1000:
        return f"{size} byte{'' if size == 1 else 's'}"
    if size < 1_000_000:
        return f"{round(size / 1000)} KB"
    return f"{size / 1_000_000:.1f} MB"


def post(
    message: Json, *, author: Author, channel: str, time: str, open_ts: str, ephemeral: bool = False
) -> Post:
    ts = str(message.get("ts", ""))
    reactions = message.get("reactions") or ()
    return Post(
        channel=channel,
        ts=ts,
        time=time,
        author=author,
        text=str(message.get("text") or ""),
        blocks=message.get("blocks") or (),
        reactions=tuple(Reaction(str(r["name"]), int(r.get("count", 1))) for r in reactions),
        replies=int(message.get("reply_count") or 0),
        edited="edited" in message,
        ephemeral=ephemeral,
        open=not ephemeral and ts == open_ts,
        files=tuple(document(one) for one in message.get("files") or ()),
        growing={"in_progress": True, "completed": False}.get(message.get("streaming_state", "")),
    )
