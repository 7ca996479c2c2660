"""Slack's spelling of a message into the words a person typed, and times as people say them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_TOKEN = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")
_SCHEME = re.compile(r"^(?:https?://|mailto:|tel:)", re.IGNORECASE)


def plain(text: str, name_of: Callable[[str], str | None]) -> str:
    """What was typed: mentions as @names, links as their addresses, entities as characters.

    A link that shows something else than where it leads stands as what it shows; where it leads
    stands quoted at the end, because whoever pasted it did not see it. `name_of` gives a Slack
    user's name, or None for somebody unknown.
    """
    hidden: list[str] = []

    def word(match: re.Match[str]) -> str:
        sign, target, label = match.groups()
        if sign == "@":
            # A name that somebody unknown gave themselves is nobody's word here.
            return f"@{name_of(target) or target}"
        if sign == "#":
            return f"#{label or target}"
        if sign == "!":
            return label or f"@{target.split('^')[0]}"
        shown = _bare(target) if target.startswith(("mailto:", "tel:")) else target
        if not label or _bare(label).casefold() == _bare(target).casefold():
            return shown
        hidden.append(f"> “{label}” leads to {shown}")
        return label

    told = html.unescape(_TOKEN.sub(word, text)).strip()
    return "\n".join([told, *(" ".join(html.unescape(line).split()) for line in hidden)])


def _bare(address: str) -> str:
    return _SCHEME.sub("", address.strip()).rstrip("/")


def without_mention(text: str, user_id: str) -> str:
    """The text without mentions of this user (the app itself)."""
    return re.sub(rf"\s*<@{re.escape(user_id)}(\|[^>]*)?>", " ", text).strip(" ,:\u00a0\n\t")


def mentions(text: str, user_id: str) -> bool:
    """Whether the text mentions this user."""
    return re.search(rf"<@{re.escape(user_id)}(\|[^>]*)?>", text) is not None


def addressed_to_another(text: str, user_id: str) -> bool:
    """Whether the text begins by mentioning somebody who is not this user."""
    match = re.match(r"\s*<@([A-Z0-9]+)(\|[^>]*)?>", text)
    return match is not None and match[1] != user_id


def first_name(name: str) -> str:
    return name.split(maxsplit=1)[0] if name.split() else name


def clock_time(at: datetime, tz: str, *, seconds: bool = False) -> str:
    """`14:02` in that zone, or `14:02:20`."""
    return at.astimezone(ZoneInfo(tz)).strftime("%H:%M:%S" if seconds else "%H:%M")


def day_time(at: datetime, tz: str, now: datetime) -> str:
    """`14:02` today, `Mon 17:00` within six days, `Mon 30 Nov 17:00` beyond."""
    zone = ZoneInfo(tz)
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        return local.strftime("%H:%M")
    if abs(local.date() - today) < timedelta(days=7):
        return local.strftime("%a %H:%M")
    return local.strftime("%a %d %b %H:%M")


def storable(text: str) -> str:
    """Without NUL characters and lone surrogates, which databases refuse."""
    return text.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
