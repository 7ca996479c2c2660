"""The operators' part of Home: where our ledger and the systems' own records disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.blocks.limits import SECTION
from bot.blocks.parts import Block, Press, actions, context, literal, pressed
from bot.blocks.text import cut, escape, visible

_SHOWN = 5


@dataclass(frozen=True)
class Matter:
    """One disagreement, when it was found, and what can be done about it."""

    told: str
    about: str
    presses: Sequence[Press]


@dataclass(frozen=True)
class Upkeep:
    """`lines` say what is not compared yet."""

    matters: tuple[Matter, ...]
    lines: tuple[str, ...]


def build(upkeep: Upkeep) -> list[Block]:
    """Newest first. What is told there holds other systems' words: it is shown as it stands."""
    shown = upkeep.matters[:_SHOWN]
    more = len(upkeep.matters) - len(shown)
    left = [f"and {more} more: signoff findings list"] if more else []
    lines = upkeep.lines or ("Everything that was done is compared with the systems' records.",)
    return [
        {"type": "header", "text": {"type": "plain_text", "text": "Records that disagree"}},
        *(block for matter in shown for block in _matter(matter)),
        *([] if shown else [literal("Nothing was found.")]),
        context(cut(escape("\n".join([*left, *lines])), SECTION)),
    ]


def _matter(matter: Matter) -> list[Block]:
    return [
        literal(cut(visible(matter.told), SECTION)),
        actions(*(pressed(press) for press in matter.presses)),
        context(cut(escape(matter.about), SECTION)),
    ]
