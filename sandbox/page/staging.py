"""From an address and what the workspace holds to the scene that is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sandbox.page.posts import Json, Post, author, last_word, post
from sandbox.page.reading import Reading
from sandbox.page.render import Viewer
from sandbox.page.render.dates import clock_time
from sandbox.page.scene import SAMPLE_CHANNEL, Channel, Person, Scene, Work

#: The newest messages of a channel that the page shows.
SHOWN = 200


@dataclass(frozen=True)
class Asked:
    """What an address asks for; anything the person may not see falls back."""

    person: str
    channel: str
    thread_ts: str
    tab: str


def stage(reading: Reading, asked: Asked) -> Scene:
    """The scene for one request. Unknown people become the first, unknown channels #support."""
    people = reading.people()
    me = next((person for person in people if person.id == asked.person), people[0])
    channels = reading.channels(me.id)
    tab = "home" if asked.tab == "home" else ""
    channel = _channel(channels, asked.channel)
    posts = _posts(reading, me, channel, asked.thread_ts) if channel and not tab else []
    thread_ts = asked.thread_ts if any(one.open for one in posts) else ""
    return Scene(
        me=me,
        people=people,
        channels=tuple(one for one in channels if not one.direct_with),
        directs=tuple(one for one in channels if one.direct_with),
        channel=channel,
        tab=tab,
        thread_ts=thread_ts,
        messages=tuple(posts[-SHOWN:]),
        earlier=max(len(posts) - SHOWN, 0),
        replies=tuple(_replies(reading, me, channel, thread_ts)) if channel else (),
        work=_work(reading, channel, posts, thread_ts) if channel else None,
        home=reading.home(me.id) if tab else None,
        connected=reading.connected(),
        shortcuts=reading.shortcuts(),
    )


def viewer_of(reading: Reading, me: Person) -> Viewer:
    """How this person reads: names, time zone, now."""
    zone = ZoneInfo(me.zone)
    now = datetime.fromtimestamp(reading.now(), zone)
    return Viewer(
        me.id, reading.names(), reading.channel_names(me.id), zone, now, reading.group_names()
    )


def _channel(channels: Sequence[Channel], wanted: str) -> Channel | None:
    for channel_id in (wanted, SAMPLE_CHANNEL):
        for channel in channels:
            if channel.id == channel_id:
                return channel
    return channels[0] if channels else None


def _work(reading: Reading, channel: Channel, posts: Sequence[Post], thread_ts: str) -> Work | None:
    where = thread_ts or (last_word(posts) if channel.direct_with else "")
    return reading.work(channel.id, where) if where else None


def _posts(reading: Reading, me: Person, channel: Channel, open_ts: str) -> list[Post]:
    return _made(reading, me, channel, reading.messages(channel.id, me.id), open_ts)


def _replies(reading: Reading, me: Person, channel: Channel, thread_ts: str) -> list[Post]:
    if not thread_ts:
        return []
    return _made(reading, me, channel, reading.replies(channel.id, thread_ts, me.id), "")


def _made(
    reading: Reading, me: Person, channel: Channel, messages: Sequence[Json], open_ts: str
) -> list[Post]:
    viewer = viewer_of(reading, me)
    return [
        post(
            message,
            author=author(message, viewer.people, reading.bot_user),
            channel=channel.id,
            time=clock_time(str(message.get("ts", "")), viewer),
            open_ts=open_ts,
            ephemeral=bool(message.get("is_ephemeral")),
        )
        for message in messages
    ]
