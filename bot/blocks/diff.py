"""A text's changes on a card, line by line: nothing in them is acted upon, nothing is hidden."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.blocks.leaves import Shown, paged
from bot.blocks.limits import PAGES, SECTION, SHOWN_ARGUMENTS
from bot.blocks.parts import Block, context, preformatted
from bot.blocks.text import visible

#: How much of a long one stands on the card itself.
_BEGUN = 1_500


def with_diff(shown: Shown, diff: str) -> Shown:
    """The arguments with their change before them: on the card as far as it fits, and on the pages
    whole where the card needs any."""
    if not diff or not shown.whole:
        return shown
    lines = [piece for line in diff.split("\n") for piece in _pieces(visible(line))]
    blocks = _packed(lines, SECTION)
    fits = sum(map(len, lines)) + len(lines) <= SHOWN_ARGUMENTS
    if fits and not shown.pages:
        return replace(shown, blocks=(*blocks, *shown.blocks))
    pages = (*paged(blocks), *(shown.pages or (shown.blocks,)))
    if len(pages) > PAGES:
        return replace(shown, blocks=(), said=(), whole=False, pages=())
    return replace(shown, blocks=(*(blocks if fits else _begun(lines)), *shown.blocks), pages=pages)


def _begun(lines: Sequence[str]) -> tuple[Block, ...]:
    first, *_ = _packed(lines, _BEGUN)
    left = len(lines) - first["elements"][0]["elements"][0]["text"].count("\n") - 1
    return (first, context(f"and {left:,} more lines of the change"))


def _packed(lines: Sequence[str], most: int) -> tuple[Block, ...]:
    texts: list[str] = []
    for line in lines:
        if texts and len(texts[-1]) + 1 + len(line) <= most:
            texts[-1] += f"\n{line}"
        else:
            texts.append(line)
    return tuple(preformatted(text) for text in texts)


def _pieces(line: str) -> list[str]:
    """A line longer than a block, in pieces that each begin like it."""
    most = _BEGUN - 2
    rest = (line[at : at + most] for at in range(most, len(line), most))
    return [line[:most], *(f"{line[0]}…{piece}" for piece in rest)]
