"""What a message may contain: text, blocks, attachments and metadata, checked as Slack does."""

import json
from typing import Any

from sandbox.slack.blocks import BlocksTooLong, OnlyOneTable, message_problems, normal_blocks
from sandbox.slack.methods.call import ApiError, Call
from sandbox.slack.shapes import Json

MAX_TEXT = 40_000
#: `chat.update` takes less than `chat.postMessage`.
MAX_UPDATE = 4_000
MAX_MARKDOWN = 12_000
MAX_ATTACHMENTS = 100
MAX_METADATA = 16_000


def text_and_blocks(call: Call, *, most: int = MAX_TEXT) -> tuple[str, list[Json]]:
    """The message's fallback text and its blocks; `markdown_text` becomes a markdown block."""
    text, blocks, markdown = call.text("text"), call.get("blocks") or [], call.text("markdown_text")
    if len(text) > most:
        raise ApiError("msg_too_long")
    if markdown:
        if text or blocks:
            raise ApiError("markdown_text_conflict")
        return markdown, [markdown_block(markdown)]
    checked = checked_blocks(blocks)
    if not (text.strip() or checked or call.get("attachments")):
        raise ApiError("no_text")
    return text, checked


def markdown_block(text: str) -> Json:
    """A stored markdown block; `msg_too_long` above 12,000 characters."""
    if len(text) > MAX_MARKDOWN:
        raise ApiError("msg_too_long")
    return checked_blocks([{"type": "markdown", "text": text}])[0]


def checked_blocks(blocks: list[Any]) -> list[Json]:
    """Blocks as they are stored; `invalid_blocks` with the reasons otherwise. A second table is
    told as `invalid_attachments`: Slack shows tables as attachments."""
    try:
        problems = message_problems(blocks)
    except OnlyOneTable:
        raise ApiError("invalid_attachments", ("[ERROR] only_one_table_allowed",)) from None
    except BlocksTooLong:
        raise ApiError("msg_blocks_too_long") from None
    if problems:
        raise ApiError("invalid_blocks", problems, errors=list(problems))
    return normal_blocks(blocks)


def attachments(call: Call) -> list[Json]:
    given: list[Json] = call.get("attachments") or []
    if len(given) > MAX_ATTACHMENTS:
        raise ApiError("too_many_attachments")
    return given


def metadata(call: Call) -> Json | None:
    """The app's own data of a message: an event type and a flat payload."""
    given: Json | None = call.get("metadata")
    if not given:
        return None
    unknown = set(given) - {"event_type", "event_payload", "entities"}
    if unknown or not isinstance(given.get("event_type"), str):
        raise ApiError("invalid_metadata_schema")
    if not isinstance(given.get("event_payload"), dict):
        raise ApiError("invalid_metadata_schema")
    if len(json.dumps(given)) > MAX_METADATA:
        raise ApiError("metadata_too_large")
    return given
