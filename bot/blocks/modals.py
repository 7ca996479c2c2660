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
    return _words_modal("reject", request_id, title, "Reject", "Why? The asker will read this.")


def ask_modal(request_id: str, title: str) -> dict[str, Any]:
    """Takes a question to the asker."""
    return _words_modal("ask", request_id, title, "Ask", "What would you like to know?")


def reply_modal(inquiry_id: str, title: str, question: str) -> dict[str, Any]:
    """Takes the asker's answer."""
    label = "Your answer. Whoever decides will read it."
    return _words_modal("reply", inquiry_id, title, "Answer", label, question)


def explain_modal(finding_id: str, told: str) -> dict[str, Any]:
    """Takes what explains a disagreement; the log keeps it."""
    label = "What explains it? The log keeps it."
    return _words_modal("explain", finding_id, "A record disagrees", "Explained", label, told)


def _words_modal(  # noqa: PLR0917 - a private call
    name: str, named: str, title: str, does: str, label: str, before: str | None = None
) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": name,
        "private_metadata": named,
        "title": _plain(does),
        "submit": _plain(does),
        "close": _plain("Back"),
        "blocks": [
            literal(titled(title)),
            *([literal(cut(visible(before), SECTION))] if before else []),
            {
                "type": "input",
                "block_id": REASON,
                "label": _plain(label),
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


def page_modal(
    request_id: str, title: str, page: int, pages: Sequence[Sequence[Block]], last: str | None
) -> dict[str, Any]:
    """One page (from 1 on) of what is too long for a card. `last` is what the button at the end
    says; None for somebody who only reads."""
    onward = "Next page" if page < len(pages) else last
    view: dict[str, Any] = {
        "type": "modal",
        "callback_id": "read",
        "private_metadata": f"{request_id} {page}",
        "title": _plain(f"Page {page} of {len(pages)}"),
        "close": _plain("Close"),
        "blocks": [literal(titled(title)), *pages[page - 1]],
    }
    return {**view, "submit": _plain(cut(onward, TITLE))} if onward else view


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
