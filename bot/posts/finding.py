"""Finding our own messages in Slack again: by the row's id that each of them carries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_sdk import WebClient

from bot.deps import Identity
from core.posts import Post

EVENT = "signoff_post"
_PAGE = 200
#: Our clock and Slack's may differ: messages this much older than the row are looked at too.
_SLACK_MAY_LAG = timedelta(minutes=5)


@dataclass(frozen=True)
class Sent:
    """Where a message stands in Slack."""

    channel: str
    ts: str


class Finder:
    def __init__(self, web: WebClient, identity: Identity) -> None:
        self._web, self._identity = web, identity

    def look(self, sent: Sent, thread_ts: str | None) -> dict[str, Any] | None:
        """The message as Slack has it now; None where it is gone."""
        span: dict[str, Any] = {"oldest": sent.ts, "latest": sent.ts, "inclusive": True, "limit": 2}
        answer = (
            self._web.conversations_history(channel=sent.channel, **span)
            if thread_ts is None
            else self._web.conversations_replies(channel=sent.channel, ts=thread_ts, **span)
        )
        found: list[dict[str, Any]] = answer.get("messages") or []
        return next((message for message in found if message.get("ts") == sent.ts), None)

    def carrying(self, channel: str, post: Post) -> Iterator[str]:
        """The ts of every message with this row's id, back to when the row was made."""
        for message in self._newest_first(channel, post):
            ours = message.get("user") == self._identity.bot_user_id
            if ours and (_named(message) == post.id or _marked(message, post.id)):
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


def _named(message: Mapping[str, Any]) -> str | None:
    metadata = message.get("metadata") or {}
    payload = metadata.get("event_payload") or {}
    return payload.get("post_id") if metadata.get("event_type") == EVENT else None


def _marked(message: Mapping[str, Any], post_id: str) -> bool:
    # A stream carries no metadata before its end.
    return any(block.get("block_id") == post_id for block in message.get("blocks") or ())


def _moment(ts: str) -> datetime:
    return datetime.fromtimestamp(float(ts), UTC)
