"""The page's only look into the workspace: plain reads and the queue of notices.

Nothing here changes anything; whatever a person does goes through the control API.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sandbox.page.posts import Json
from sandbox.page.scene import Channel, Person, Work
from sandbox.slack.messages import Message
from sandbox.slack.methods.agents import STOP_EVENT
from sandbox.slack.shapes import BOT_USER
from sandbox.slack.workspace import Workspace

#: What the app offers at a message where no manifest says it: those of its own `manifest.json`.
SHORTCUTS = MappingProxyType({"stop_conversation": "Stop this conversation"})


@dataclass(frozen=True)
class Reading:
    """Reads of one workspace, in the page's own words."""

    workspace: Workspace
    bot_user: str = BOT_USER

    @property
    def data(self) -> Path:
        return self.workspace.settings.data

    def now(self) -> float:
        """Seconds since 1970 by the workspace's clock."""
        return self.workspace.now()

    def people(self) -> tuple[Person, ...]:
        """Those one may act as, in the order of the picker."""
        return tuple(
            Person(one.id, one.name, one.role, one.title, one.tz, one.is_restricted)
            for one in self.workspace.people.values()
            if one.pickable
        )

    def names(self) -> dict[str, str]:
        return {one.id: one.name for one in self.workspace.people.values()}

    def channel_names(self, person: str) -> dict[str, str]:
        """Of the channels this person knows of."""
        return {
            one.id: one.name
            for one in self.workspace.channels.values()
            if not one.im_with and (not one.private or person in one.members)
        }

    def group_names(self) -> dict[str, str]:
        return {one.id: one.handle for one in self.workspace.groups}

    def channels(self, person: str) -> tuple[Channel, ...]:
        """Where this person is a member: channels, then the direct messages with the app."""
        mine = [one for one in self.workspace.channels.values() if person in one.members]
        return tuple(
            Channel(
                id=one.id,
                name="Signoff" if one.im_with else one.name,
                members=tuple(one.members),
                direct_with=one.im_with or "",
                private=one.private,
            )
            for one in sorted(mine, key=lambda one: bool(one.im_with))
        )

    def messages(self, channel: str, person: str) -> list[Json]:
        """What stands in the channel itself, as this person sees it, oldest first."""
        held = self.workspace.channels[channel]
        own = [one for one in held.messages.values() if not one.is_reply]
        private = [one for one in held.ephemeral.values() if not one.thread_ts]
        return self._shown(channel, [*own, *private], person)

    def replies(self, channel: str, thread_ts: str, person: str) -> list[Json]:
        """A thread without its first message, as this person sees it, oldest first."""
        held = self.workspace.channels[channel]
        private = [one for one in held.ephemeral.values() if one.thread_ts == thread_ts]
        return self._shown(channel, [*held.replies(thread_ts), *private], person)

    def work(self, channel: str, thread_ts: str) -> Work | None:
        """What the app does in a thread, in its words ("is reading the shop…") or Slack's."""
        status = self.workspace.status(channel, thread_ts)
        session = self.workspace.sessions.find(self.workspace.channels[channel], thread_ts)
        if session is None or session.status != "processing":
            return Work(thread_ts, status.text) if status else None
        events = self.workspace.settings.manifest.events
        return Work(
            thread_ts=thread_ts,
            text=status.text if status else "is working…",
            stop=events is None or STOP_EVENT in events,
            stopping=bool(session.stopped_by),
        )

    def file(self, file_id: str, person: str) -> tuple[str, bytes] | None:
        """Name and bytes of a file that stands in a channel this person is in."""
        file = self.workspace.files.find(file_id)
        if file is None:
            return None
        channels = (self.workspace.channels[share[0]] for share in file.shares)
        if not any(person in channel.members for channel in channels):
            return None
        return file.name, self.workspace.files.data(file)

    def shortcuts(self) -> Mapping[str, str]:
        """callback_id -> name of what the app offers at a message."""
        declared = self.workspace.settings.manifest.shortcuts
        return SHORTCUTS if declared is None else declared

    def connected(self) -> bool:
        """Whether the app would hear of what happens now."""
        return not self.workspace.dispatcher.transport.waiting_for

    def home(self, person: str) -> Json | None:
        view = self.workspace.views.homes.get(person)
        return view.body if view else None

    def modal(self, person: str) -> Json | None:
        """The modal on top of this person's stack."""
        stack = self.workspace.views.stacks.get(person)
        return stack[-1].body if stack else None

    @contextmanager
    def notices(self) -> "Iterator[asyncio.Queue[dict[str, Any]]]":
        """The workspace's notices for as long as the caller listens."""
        queue = self.workspace.subscribe()
        try:
            yield queue
        finally:
            self.workspace.unsubscribe(queue)

    def tell_plug(self) -> None:
        """A notice to every open page that the plug has news."""
        self.workspace.announce("plug")

    def _shown(self, channel: str, messages: list[Message], person: str) -> list[Json]:
        held = self.workspace.channels[channel]
        seen = [one for one in messages if one.ephemeral_to in (None, person)]
        ordered = sorted(seen, key=lambda one: one.ts)
        return [held.shown(one, metadata=False) for one in ordered]
