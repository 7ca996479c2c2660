"""The few Web API calls that posting is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.blocks.parts import Message
from bot.deps import Identity
from core.errors import SignoffError
from core.posts import Post

EVENT = "signoff_post"
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
_PAGE = 200
#: Our clock and Slack's may differ: messages this much older than the row are looked at too.
_SLACK_MAY_LAG = timedelta(minutes=5)


class Gone(SignoffError):
    """The message was deleted in Slack."""


@dataclass(frozen=True)
class Sent:
    """Where a message stands in Slack."""

    channel: str
    ts: str


class SlackChannel:
    """Posts, finds, updates and deletes our own messages."""

    def __init__(self, web: WebClient, identity: Identity) -> None:
        self._web, self._identity = web, identity

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

    def find(self, channel: str, post: Post) -> Sent | None:
        """The oldest message that carries this row's id, back to when the row was made."""
        found = list(self._carrying(channel, post))
        return Sent(channel, min(found, key=float)) if found else None

    def delete_twins(self, keep: Sent, post: Post) -> None:
        """Delete every other message with this row's id."""
        for ts in list(self._carrying(keep.channel, post)):
            if ts != keep.ts:
                self._web.chat_delete(channel=keep.channel, ts=ts)

    def _carrying(self, channel: str, post: Post) -> Iterator[str]:
        for message in self._newest_first(channel, post):
            metadata = message.get("metadata") or {}
            payload = metadata.get("event_payload") or {}
            ours = message.get("user") == self._identity.bot_user_id
            if ours and metadata.get("event_type") == EVENT and payload.get("post_id") == post.id:
                yield str(message["ts"])

    def _newest_first(self, channel: str, post: Post) -> Iterator[dict[str, Any]]:
        until = post.created_at - _SLACK_MAY_LAG
        cursor: str | None = None
        while True:
            answer = self._page(channel, post.thread_ts, cursor)
            messages: list[dict[str, Any]] = answer.get("messages") or []
            yield from messages
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or None
            # Threads come oldest first, so only channels can be left off early.
            oldest = messages and _moment(str(messages[-1]["ts"])) < until
            if cursor is None or (post.thread_ts is None and oldest):
                return

    def _page(self, channel: str, thread_ts: str | None, cursor: str | None) -> Any:
        if thread_ts is None:
            return self._web.conversations_history(
                channel=channel, cursor=cursor, limit=_PAGE, include_all_metadata=True
            )
        return self._web.conversations_replies(
            channel=channel, ts=thread_ts, cursor=cursor, limit=_PAGE, include_all_metadata=True
        )


def _metadata(post_id: str) -> dict[str, Any]:
    return {"event_type": EVENT, "event_payload": {"post_id": post_id}}


def _moment(ts: str) -> datetime:
    return datetime.fromtimestamp(float(ts), UTC)
