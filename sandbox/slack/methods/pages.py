"""Cursors: long lists in pieces."""

import base64
from collections.abc import Sequence
from typing import TypeVar

from sandbox.slack.methods.call import ApiError, Call
from sandbox.slack.shapes import Json

T = TypeVar("T")


def page(call: Call, items: Sequence[T], *, usual: int = 100) -> tuple[list[T], Json]:
    """One page of `items` and the answer's `response_metadata` with the cursor of the next."""
    limit = call.get("limit") if call.get("limit") is not None else usual
    if not 0 < limit <= 1000:
        raise ApiError("invalid_limit")
    start = _offset(call.text("cursor"))
    shown = list(items[start : start + limit])
    more = start + limit < len(items)
    cursor = _cursor(start + limit) if more else ""
    return shown, {"response_metadata": {"next_cursor": cursor}}


def _cursor(offset: int) -> str:
    return base64.b64encode(f"offset:{offset}".encode()).decode()


def _offset(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        word, _, offset = base64.b64decode(cursor, validate=True).decode().partition(":")
        if word == "offset":
            return int(offset)
    except ValueError:
        pass
    raise ApiError("invalid_cursor")
