"""The few Web API calls that posting and previews are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.blocks.parts import Block, Message
from bot.blocks.preview import broken_off
from bot.deps import Identity
from bot.posts.finding import EVENT, Finder, Sent
from core.errors import SignoffError
from core.posts import Post

#: Answers of Slack that no further try changes (docs.slack.dev, chat.postMessage errors).
PERMANENT = frozenset(
    {
        "channel_not_found",
        "not_in_channel",
        "is_archived",
        "user_not_found",
        "users_not_found",
        "cannot_dm_bot",
        "user_disabled",
        "thread_not_found",
        "cannot_reply_to_message",
        "restricted_action",
        "restricted_action_thread_locked",
        "restricted_action_read_only_channel",
        "message_not_found",
        "cant_update_message",
        "edit_window_closed",
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_too_long",
        "msg_blocks_too_long",
        "no_text",
        "missing_scope",
    }
)


#: What says that a stream has ended already: by us, or by Slack after five minutes.
_ENDED = frozenset({"message_not_in_streaming_state", "message_not_found"})
_STOPPED = "stopped_by_user"


class Gone(SignoffError):
    """The message was deleted in Slack."""


class SlackChannel:
    """Posts, finds, updates and deletes our own messages."""

    def __init__(self, web: WebClient, identity: Identity) -> None:
        self._web, self._identity = web, identity
        self._finder = Finder(web, identity)

    def conversation(self, channel: str) -> str:
        """A channel id; a user's id becomes their direct message channel."""
        if not channel.startswith(("U", "W")):
            return channel
        opened: str = self._web.conversations_open(users=channel)["channel"]["id"]
        return opened

    def post(self, channel: str, thread_ts: str | None, message: Message, post_id: str) -> Sent:
        answer = self._web.chat_postMessage(
            channel=channel,
            thread_ts=thread_ts,
            text=message.text,
            blocks=list(message.blocks),
            metadata=_metadata(post_id),
            unfurl_links=False,
            unfurl_media=False,
        )
        return Sent(str(answer["channel"]), str(answer["ts"]))

    def update(self, sent: Sent, message: Message, post_id: str) -> None:
        """Draw it anew. Raises `Gone` when somebody deleted it."""
        try:
            self._web.chat_update(
                channel=sent.channel,
                ts=sent.ts,
                text=message.text,
                blocks=list(message.blocks),
                metadata=_metadata(post_id),
            )
        except SlackApiError as error:
            if error.response.get("error") == "message_not_found":
                raise Gone() from error
            raise

    def start_stream(
        self, channel: str, thread_ts: str, *, reader: str, chunks: Sequence[Block]
    ) -> Sent:
        """Begin a message that grows. It can carry no metadata before its end: one of its blocks
        must be `block_id` = the row's id. `reader` is the user id Slack wants to know."""
        answer = self._web.chat_startStream(
            channel=channel,
            thread_ts=thread_ts,
            recipient_user_id=reader,
            recipient_team_id=self._identity.team_id,
            task_display_mode="plan",
            chunks=list(chunks),
        )
        return Sent(str(answer["channel"]), str(answer["ts"]))

    def append(self, sent: Sent, chunks: Sequence[Block]) -> bool:
        """Add to a stream; False when it has ended. Raises what Slack raises when somebody pressed
        its Stop: we hear of that in another way."""
        try:
            self._web.chat_appendStream(channel=sent.channel, ts=sent.ts, chunks=list(chunks))
        except SlackApiError as error:
            if error.response.get("error") in _ENDED:
                return False
            raise
        return True

    def end_stream(self, sent: Sent) -> None:
        """Make an ordinary message of a stream; nothing where it is one."""
        try:
            self._web.chat_stopStream(channel=sent.channel, ts=sent.ts)
        except SlackApiError as error:
            if error.response.get("error") not in (*_ENDED, _STOPPED):
                raise

    def finish(self, sent: Sent, message: Message, post_id: str) -> None:
        """Draw the whole message where a preview may still be streaming. Raises `Gone`."""
        self.end_stream(sent)
        self.update(sent, message, post_id)

    def look(self, sent: Sent, thread_ts: str | None) -> dict[str, Any] | None:
        """The message as Slack has it now; None where it is gone."""
        return self._finder.look(sent, thread_ts)

    def break_off(self, sent: Sent, post: Post) -> None:
        """Leave what was previewed as it stands, marked as stopped; nothing where it is gone."""
        self.end_stream(sent)
        message = self.look(sent, post.thread_ts)
        if message is not None:
            self.update(sent, broken_off(message, post.id), post.id)

    def remove(self, sent: Sent) -> None:
        """Delete a message of ours, streaming or not; nothing where it is gone."""
        self.end_stream(sent)
        try:
            self._web.chat_delete(channel=sent.channel, ts=sent.ts)
        except SlackApiError as error:
            if error.response.get("error") != "message_not_found":
                raise

    def find(self, channel: str, post: Post) -> Sent | None:
        """The oldest message that carries this row's id, back to when the row was made."""
        found = list(self._finder.carrying(channel, post))
        return Sent(channel, min(found, key=float)) if found else None

    def delete_twins(self, keep: Sent, post: Post) -> None:
        """Delete every other message with this row's id."""
        for ts in list(self._finder.carrying(keep.channel, post)):
            if ts != keep.ts:
                self.remove(Sent(keep.channel, ts))


def _metadata(post_id: str) -> dict[str, Any]:
    return {"event_type": EVENT, "event_payload": {"post_id": post_id}}
