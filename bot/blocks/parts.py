"""The few block shapes our messages are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.blocks.limits import BUTTON
from bot.blocks.text import cut

Block = dict[str, Any]


@dataclass(frozen=True)
class Message:
    """What is sent: blocks, and the text for notifications and for clients without blocks."""

    text: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Press:
    """A button as plain words: what it says, what a press on it is called, and which row it is
    about."""

    label: str
    action_id: str
    value: str
    style: str | None = None


def section(mrkdwn: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": mrkdwn}}


def literal(text: str) -> Block:
    """A section Slack shows as it stands: no mark-up, no mention, no emoji name is acted upon."""
    return {"type": "section", "text": {"type": "plain_text", "text": text, "emoji": False}}


def context(mrkdwn: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": mrkdwn}]}


def rich(*elements: Block) -> Block:
    """One paragraph of literal text with styles: nothing in it is parsed."""
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": list(elements)}],
    }


def preformatted(text: str) -> Block:
    """Lines of literal text in one width, their spaces kept."""
    element = {"type": "rich_text_preformatted", "elements": [run(text)]}
    return {"type": "rich_text", "elements": [element]}


def run(text: str, *, bold: bool = False) -> Block:
    """A run of literal text within `rich`."""
    element: Block = {"type": "text", "text": text}
    return {**element, "style": {"bold": True}} if bold else element


def button(label: str, action_id: str, value: str, *, style: str | None = None) -> Block:
    """A button whose value is an opaque id; whatever it stands for lies in SQL."""
    element: Block = {
        "type": "button",
        "action_id": action_id,
        "text": {"type": "plain_text", "text": cut(label, BUTTON), "emoji": False},
        "value": value,
    }
    return {**element, "style": style} if style else element


def pressed(press: Press) -> Block:
    return button(press.label, press.action_id, press.value, style=press.style)


def actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def divider() -> Block:
    return {"type": "divider"}


def paragraphs(lines: Sequence[str]) -> str:
    return "\n".join(line for line in lines if line)
