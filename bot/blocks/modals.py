"""Modals: the reason for a refusal, a story, a short word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.blocks.limits import SECTION, TITLE
from bot.blocks.parts import Block, literal
from bot.blocks.text import cut, titled, visible

#: The reason's block and action id, and its longest text.
REASON = "reason"
REASON_LIMIT = 500


def reject_modal(request_id: str, title: str) -> dict[str, Any]:
    """Asks why; its private metadata is the request's id and nothing else."""
    return {
        "type": "modal",
        "callback_id": "reject",
        "private_metadata": request_id,
        "title": _plain("Reject"),
        "submit": _plain("Reject"),
        "close": _plain("Back"),
        "blocks": [
            literal(titled(title)),
            {
                "type": "input",
                "block_id": REASON,
                "label": _plain("Why? The asker will read this."),
                "element": {
                    "type": "plain_text_input",
                    "action_id": REASON,
                    "multiline": True,
                    "min_length": 1,
                    "max_length": REASON_LIMIT,
                },
            },
        ],
    }


def text_modal(title: str, lines: Sequence[str]) -> dict[str, Any]:
    """A modal that only tells: a story, or that a decision came too late."""
    return {
        "type": "modal",
        "callback_id": "told",
        "title": _plain(cut(title, TITLE)),
        "close": _plain("Close"),
        "blocks": [literal(text) for text in _pages(lines)] or [literal("Nothing to tell.")],
    }


def _pages(lines: Sequence[str]) -> list[str]:
    pages = [""]
    for line in lines:
        shown = cut(visible(line), SECTION - 1)
        if pages[-1] and len(pages[-1]) + 1 + len(shown) > SECTION:
            pages.append("")
        pages[-1] = f"{pages[-1]}\n{shown}" if pages[-1] else shown
    return [page for page in pages[:100] if page.strip()]


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}
