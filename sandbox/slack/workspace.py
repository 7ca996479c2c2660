"""The practice workspace: who and what is in it, and the few ways in which it changes.

The Web API, the control API and the page all work on this one object; every change is remembered,
told to the app as the events it would get from Slack, and announced to whoever subscribed.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from core.clock import Clock
from sandbox.slack import payloads
from sandbox.slack.delivery.dispatch import Dispatcher
from sandbox.slack.delivery.parcel import Parcel
from sandbox.slack.faults import Faults
from sandbox.slack.files import Files
from sandbox.slack.journal import ApiCall, Journal
from sandbox.slack.messages import Around, Channel, Message
from sandbox.slack.modals import View, Views
from sandbox.slack.people import CHANNELS, EVERYONE, GROUPS, PRIVATE, Group, Person
from sandbox.slack.sessions import Sessions
from sandbox.slack.settings import Settings
from sandbox.slack.shapes import BOT_USER, Json
from sandbox.slack.store import Store
from sandbox.slack.tickets import ResponseUrls, Triggers

#: The status line clears itself after this many seconds.
STATUS_SECONDS = 120.0


@dataclass(frozen=True)
class Status:
    """The line under a thread while the app works. `until` is seconds since 1970."""

    text: str
    loading_messages: tuple[str, ...]
    until: float


@dataclass
class Workspace:
    """Everything of one practice workspace. Times are seconds since 1970, by `clock`."""

    settings: Settings
    clock: Clock
    store: Store
    dispatcher: Dispatcher
    faults: Faults
    calls: Journal[ApiCall]
    #: Where this server answers; known once it listens.
    base_url: str = ""
    people: dict[str, Person] = field(default_factory=lambda: {p.id: p for p in EVERYONE})
    channels: dict[str, Channel] = field(default_factory=dict)
    views: Views = field(default_factory=Views)
    statuses: dict[tuple[str, str], Status] = field(default_factory=dict)
    prompts: dict[str, Json] = field(default_factory=dict)
    _listeners: set["asyncio.Queue[Json]"] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.triggers = Triggers(self.now, self.settings.trigger_seconds)
        self.response_urls = ResponseUrls(self.now)
        self.sessions = Sessions(self.now, self._session_changed)
        folder = self.settings.data / "files"
        self.files = Files(folder, self.store, self.now, lambda: self.base_url)
        self.groups: tuple[Group, ...] = GROUPS
        around = Around(self.now, self.files.as_slack)
        for id_, name, topic, ids in CHANNELS:
            private = id_ in PRIVATE
            self.channels[id_] = Channel(id_, name, list(ids), around, topic, private=private)
        for person in self.people.values():
            if person.id != BOT_USER and not person.deleted:
                members = [person.id, BOT_USER]
                self.channels[person.dm] = Channel(
                    person.dm, "", members, around, im_with=person.id
                )
        self._restore()

    def now(self) -> float:
        return self.clock.now().timestamp()

    def subscribe(self) -> "asyncio.Queue[Json]":
        """A queue that gets a small notice of every change from now on:
        {"kind": "message"|"status"|"reaction", "channel", "ts"|"thread_ts"},
        {"kind": "home"|"view", "user"} or {"kind": "app"}: the app came or went."""
        queue: asyncio.Queue[Json] = asyncio.Queue()
        self._listeners.add(queue)
        return queue

    def unsubscribe(self, queue: "asyncio.Queue[Json]") -> None:
        self._listeners.discard(queue)

    def announce(self, kind: str, **about: Any) -> None:
        for queue in self._listeners:
            queue.put_nowait({"kind": kind, **about})

    # Messages

    def post(self, message: Message) -> Message:
        """A new message, seen by everybody in its channel and told to the app."""
        channel = self.channels[message.channel]
        channel.put(message)
        self._remember(message)
        self.files.shared(message)
        if message.bot_id and message.thread_ts:
            self.set_status(channel.id, message.thread_ts, None)
        self.emit(payloads.message_event(channel, message), channel)
        # In direct messages a mention is no event of its own.
        if f"<@{BOT_USER}>" in message.text and message.user != BOT_USER and not channel.im_with:
            self.emit(payloads.mention_event(channel, message), channel)
        return message

    def whisper(self, message: Message) -> Message:
        """A message that one person sees. The app gets no event for it."""
        self.channels[message.channel].ephemeral[message.ts] = message
        self._announce_message(message)
        return message

    def change(self, message: Message, before: Json) -> None:
        """Call after a message was changed; `before` is how it was shown."""
        channel = self.channels[message.channel]
        self._remember(message)
        ts = channel.next_ts(self.now())
        self.emit(payloads.changed_event(channel, message, before, ts=ts), channel)

    def delete(self, message: Message) -> None:
        """Takes it away; the first message of a thread with replies leaves a tombstone."""
        channel = self.channels[message.channel]
        before = channel.shown(message, metadata=True)
        if channel.replies(message.ts):
            text = "This message was deleted."
            tomb = Message(channel.id, message.ts, "USLACKBOT", text, subtype="tombstone")
            channel.put(tomb)
            self._remember(tomb)
        else:
            channel.drop(message.ts)
            self.store.put("message", f"{channel.id}:{message.ts}", None)
            self._announce_message(message)
        ts = channel.next_ts(self.now())
        self.emit(payloads.deleted_event(channel, before, ts=ts), channel)

    def keep(self, message: Message) -> None:
        """Remembers a change that Slack makes no message event of: a reaction, streamed text."""
        self._remember(message)

    def new_ts(self, channel: str) -> str:
        return self.channels[channel].next_ts(self.now())

    # The app's other surfaces

    def set_status(self, channel: str, thread_ts: str, status: Status | None) -> None:
        if status is None:
            if self.statuses.pop((channel, thread_ts), None) is None:
                return
        else:
            self.statuses[channel, thread_ts] = status
        self.announce("status", channel=channel, thread_ts=thread_ts)

    def status(self, channel: str, thread_ts: str) -> Status | None:
        """What the status line of a thread shows now."""
        status = self.statuses.get((channel, thread_ts))
        return status if status and self.now() < status.until else None

    def published(self, view: View) -> None:
        """Call after a Home was published."""
        self.store.put("home", view.user, {"id": view.id, "body": view.body})
        self.announce("home", user=view.user)

    def response_url(
        self, *, channel: str, user: str, ts: str | None = None, thread_ts: str | None = None
    ) -> str:
        key = self.response_urls.issue(channel=channel, user=user, ts=ts, thread_ts=thread_ts)
        return f"{self.base_url}/response/{key}"

    # Towards the app

    def emit(self, event: Json, channel: Channel | None = None) -> None:
        """Brings an event to the app, when it subscribed to it and is in that channel."""
        if channel is not None and not channel.has_bot:
            return
        if _subscribed(self.settings.manifest.events, event):
            shared = channel is not None and self.is_shared(channel)
            body = payloads.event_callback(event, at=self.now(), shared=shared)
            self.dispatcher.post(Parcel("events_api", body))

    def is_shared(self, channel: Channel) -> bool:
        """Whether people of a connected workspace are in this channel."""
        return any(self.people[member].is_stranger for member in channel.members)

    # Restarts

    def _session_changed(self, channel: str, thread_ts: str, session: Json) -> None:
        self.store.put("session", f"{channel}:{thread_ts}", session)
        self.announce("status", channel=channel, thread_ts=thread_ts)

    def _remember(self, message: Message) -> None:
        self.store.put("message", f"{message.channel}:{message.ts}", message.stored())
        self._announce_message(message)

    def _announce_message(self, message: Message) -> None:
        thread_ts = message.thread_ts or message.ts
        self.announce("message", channel=message.channel, ts=message.ts, thread_ts=thread_ts)

    def _restore(self) -> None:
        for kind, key, value in self.store.entries():
            if kind == "message":
                message = Message.restored(value)
                self.channels[message.channel].put(message)
            elif kind == "home":
                self.views.homes[key] = View(value["id"], key, value["body"])
            elif kind == "file":
                self.files.restore(value)
            elif kind == "session":
                self.sessions.restore(key, value)
            elif kind == "members":
                self.channels[key].members = list(value)


def _subscribed(events: frozenset[str] | None, event: Json) -> bool:
    if events is None:
        return True
    name = str(event["type"])
    if name == "message":
        kinds = {"im": "im", "group": "groups"}
        name = f"message.{kinds.get(str(event.get('channel_type')), 'channels')}"
    return name in events
