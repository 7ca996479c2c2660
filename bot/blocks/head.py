"""Which arguments an approver reads in the card's head already: they are not written twice."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from approvals.policy.cases import RECIPIENT_NAMES
from bot.blocks.leaves import Leaf

#: A wall time as calendars' arguments spell it.
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}")
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")


def stands_in(leaf: Leaf, value: str, *, title: str, details: Sequence[tuple[str, str]]) -> bool:
    """Whether the title or a detail shows this value, whole and unmistakably.

    A detail does that has the argument's name and just its value; so does any mention of an amount
    or a recipient's mail address, a title that quotes the value and nothing else, and one that ends
    with that day and time in words.
    """
    name = "".join(leaf.path[:1]).casefold()
    if any(shown == value and label.casefold() == name for label, shown in details):
        return True
    if isinstance(leaf.value, Mapping) and leaf.value:
        ends = re.compile(rf"(?<!\w){re.escape(value)}(?!\w|[.,]\d)")
    elif _ADDRESS.fullmatch(value) and name in RECIPIENT_NAMES:
        ends = re.compile(rf"(?<![^\s,]){re.escape(value)}(?![^\s,])")
    elif _MOMENT.fullmatch(value):
        # After the last quotation: what is quoted may be anybody's words.
        return title.rpartition("”")[2].endswith(_spelled(value))
    else:
        # The whole quotation, or another argument's text might quote what looks like this one.
        return isinstance(leaf.value, str) and title.partition("“")[2].rpartition("”")[0] == value
    return any(ends.search(text) for text in (title, *(shown for _label, shown in details)))


def _spelled(moment: str) -> str:
    """`2026-11-23T10:00` as `Mon 23 Nov 2026, 10:00`; as it stands where there is no such day."""
    try:
        return f"{datetime.fromisoformat(moment):%a %d %b %Y, %H:%M}"
    except ValueError:
        return moment
