"""Links to messages, as *Copy link* gives them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINK = re.compile(
    r"/archives/(?P<channel>[A-Z0-9]+)/p(?P<ts>\d{10,})(?:\?\S*thread_ts=(?P<root>[\d.]+))?"
)


@dataclass(frozen=True)
class Link:
    """A message: its channel, its ts, and that of the message its thread begins with, if any."""

    channel: str
    ts: str
    root: str | None


def read_link(text: str) -> Link | None:
    """The first link to a message in this text. Pure."""
    found = _LINK.search(text)
    if found is None:
        return None
    return Link(found["channel"], f"{found['ts'][:-6]}.{found['ts'][-6:]}", found["root"])
