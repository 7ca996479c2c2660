"""App Home: what waits for me, and what I had done lately."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.blocks import upkeep
from bot.blocks.help import HELP
from bot.blocks.limits import SECTION
from bot.blocks.parts import Block, button, context, divider, literal, section
from bot.blocks.text import cut, escape, titled, words
from bot.blocks.upkeep import Upkeep

#: Of each list: four full ones and what else stands in a Home are below Slack's hundred blocks.
_SHOWN = 15


@dataclass(frozen=True)
class Item:
    """One line: `link` leads to the card where there is one."""

    title: str
    about: str
    link: str | None = None
    #: The row that its Revoke button ends.
    revokes: str | None = None


@dataclass(frozen=True)
class Home:
    waiting: tuple[Item, ...]
    asked: tuple[Item, ...]
    recent: tuple[Item, ...]
    #: What is permitted for a time, and concerns this person.
    given: tuple[Item, ...] = ()
    note: str | None = None
    #: Of operators alone.
    upkeep: Upkeep | None = None


def build(home: Home) -> dict[str, Any]:
    """The Home view of one person."""
    blocks = [
        *([literal(cut(home.note, SECTION))] if home.note else []),
        *([*upkeep.build(home.upkeep), divider()] if home.upkeep else []),
        *_list("Waiting for you", home.waiting, "Nothing waits for you."),
        divider(),
        *_list("You asked, others decide", home.asked, "None of your requests is open."),
        divider(),
        *_list("Given for a time", home.given, "Nothing is allowed in advance."),
        divider(),
        *_list("Your recent actions", home.recent, "I have done nothing for you yet."),
        divider(),
        context(escape(HELP)),
    ]
    return {"type": "home", "blocks": blocks}


def lines(items: tuple[Item, ...]) -> str:
    """The same items as mrkdwn lines, for a slash command's answer."""
    more = len(items) - _SHOWN
    left = [f"and {more} more, in my Home"] if more > 0 else []
    return "\n".join([*(f"• {_line(item)}" for item in items[:_SHOWN]), *left])


def _list(title: str, items: tuple[Item, ...], empty: str) -> list[Block]:
    head: Block = {"type": "header", "text": {"type": "plain_text", "text": title}}
    if not items:
        return [head, section(empty)]
    blocks = [_shown(item) for item in items[:_SHOWN]]
    more = len(items) - len(blocks)
    return [head, *blocks, *([context(f"and {more} more")] if more > 0 else [])]


def _shown(item: Item) -> Block:
    block = section(_line(item))
    if item.revokes is None:
        return block
    return {**block, "accessory": button("Revoke", "revoke", item.revokes, style="danger")}


def _line(item: Item) -> str:
    title = words(titled(item.title))
    shown = f"<{item.link}|{title}>" if item.link else f"*{title}*"
    return f"{shown} · {words(item.about)}" if item.about else shown


def refused(sentence: str) -> dict[str, Any]:
    """The Home of somebody we do not work for."""
    return {"type": "home", "blocks": [section(escape(sentence))]}
