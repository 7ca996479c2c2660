"""The offer to take back the steps before one that failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.blocks.limits import FALLBACK, SECTION
from bot.blocks.parts import Block, Message, Press, actions, literal, pressed, section
from bot.blocks.text import cut, escape, one_line

_SHOWN = 20
#: Room for the steps in the one section that tells all of it.
_ROOM = SECTION - 900


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
    listed = _listed(offer.steps)
    blocks: tuple[Block, ...] = (
        *((section(f"<@{offer.user}>"),) if offer.user else ()),
        literal(cut(f"{why}\n{offer.head}\n{listed}\n{one_line(offer.line)}", SECTION)),
    )
    if offer.offers:
        blocks = (*blocks, actions(*map(pressed, offer.offers)))
    return Message(cut(escape(f"{why} {offer.line}"), FALLBACK), blocks)


def _listed(steps: Sequence[str]) -> str:
    each = _ROOM // min(len(steps) or 1, _SHOWN)
    lines = [f"• {cut(one_line(step), each)}" for step in steps[:_SHOWN]]
    more = len(steps) - _SHOWN
    return "\n".join([*lines, *([f"• and {more} more"] if more > 0 else [])])
