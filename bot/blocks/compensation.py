"""The offer to take back the steps before one that failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.blocks.limits import FALLBACK
from bot.blocks.parts import Block, Message, Press, actions, literal, pressed, section
from bot.blocks.text import cut, escape, one_line

_SHOWN = 20


@dataclass(frozen=True)
class Offer:
    """Words only: why, `head` and under it what had been done (newest first, each with how its undo
    stands), and what follows."""

    #: Slack user id of whoever is asked; None once it is decided.
    user: str | None
    why: str
    steps: tuple[str, ...]
    line: str
    head: str = "Done before that:"
    offers: Sequence[Press] = ()


def build(offer: Offer) -> Message:
    why = one_line(offer.why, 400)
    listed = "\n".join(f"• {one_line(step)}" for step in offer.steps[:_SHOWN])
    more = len(offer.steps) - _SHOWN
    if more > 0:
        listed += f"\n• and {more} more"
    blocks: tuple[Block, ...] = (
        *((section(f"<@{offer.user}>"),) if offer.user else ()),
        literal(f"{why}\n{offer.head}\n{listed}\n{one_line(offer.line)}"),
    )
    if offer.offers:
        blocks = (*blocks, actions(*map(pressed, offer.offers)))
    return Message(cut(escape(f"{why} {offer.line}"), FALLBACK), blocks)
