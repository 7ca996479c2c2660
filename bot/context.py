"""The thread before a message, read once for its turn, other people's words marked as theirs."""

from __future__ import annotations

from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from approvals.people import People
from bot.deps import Identity
from bot.words import plain, storable
from graphs.runtime.tables import Turn

#: The newest messages before the turn's own that are given to the model, and their length.
MESSAGES = 30
CHARACTERS = 2_000
_PAGE = 200
_PAGES = 5
#: What no further try changes: then there is no context, and the turn goes on without.
_CLOSED = frozenset(
    {"thread_not_found", "channel_not_found", "not_in_channel", "missing_scope", "is_archived"}
)


def fetch_context(
    web: WebClient, turn: Turn, *, people: People, identity: Identity
) -> list[dict[str, Any]]:
    """`[{"author", "author_id", "trusted", "text", "ts"}]`, oldest first, without our own words.

    `trusted` says whether the author is one of the people in config/people.yaml. Raises what Slack
    or the network raises where another try may help.
    """
    if turn.thread_ts is None or turn.thread_ts == turn.message_ts:
        return []
    try:
        messages = _before(web, turn.channel, turn.thread_ts, turn.message_ts)
    except SlackApiError as error:
        if error.response.get("error") in _CLOSED:
            return []
        raise
    spoken = [message for message in messages if _is_spoken(message, identity)]
    return [_entry(message, people) for message in spoken[-MESSAGES:]]


def _before(web: WebClient, channel: str, thread_ts: str, ts: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    for _ in range(_PAGES):
        answer = web.conversations_replies(
            channel=channel, ts=thread_ts, latest=ts, limit=_PAGE, cursor=cursor
        )
        found += answer.get("messages") or []
        cursor = (answer.get("response_metadata") or {}).get("next_cursor") or None
        if cursor is None:
            break
    return [message for message in found if float(message["ts"]) < float(ts)]


def _is_spoken(message: dict[str, Any], identity: Identity) -> bool:
    ours = message.get("user") == identity.bot_user_id or message.get("bot_id") == identity.bot_id
    return not ours and bool(message.get("user")) and bool(message.get("text"))


def _entry(message: dict[str, Any], people: People) -> dict[str, Any]:
    # What an app says in somebody's name is not theirs.
    author = None if message.get("bot_id") else people.by_slack(message["user"])

    def name_of(user: str) -> str | None:
        person = people.by_slack(user)
        return person.name if person else None

    return {
        "author": author.name if author else "somebody I do not know",
        "author_id": author.id if author else f"slack:{message['user']}",
        "trusted": author is not None,
        "text": storable(plain(message["text"], name_of))[:CHARACTERS],
        "ts": message["ts"],
    }
