"""What Slack adds to blocks when it stores them."""

import secrets
from typing import Any

from sandbox.slack.blocks.find import elements_in
from sandbox.slack.shapes import Json


def normal_blocks(blocks: list[Json]) -> list[Json]:
    """The same blocks with every block_id and action_id present and text flags spelled out."""
    done: list[Json] = []
    for block in blocks:
        own: Json = _flags(block)
        own.setdefault("block_id", secrets.token_urlsafe(4)[:5])
        for element in elements_in(own):
            element.setdefault("action_id", secrets.token_urlsafe(4)[:5])
        done.append(own)
    return done


def _flags(value: Any) -> Any:
    if isinstance(value, list):
        return [_flags(item) for item in value]
    if not isinstance(value, dict):
        return value
    copied = {key: _flags(item) for key, item in value.items() if item is not None}
    if copied.get("type") == "plain_text":
        copied.setdefault("emoji", True)
    elif copied.get("type") == "mrkdwn":
        copied.setdefault("verbatim", False)
    return copied
