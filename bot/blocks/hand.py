"""The form in which an approver has somebody else asked in their place. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.blocks.modals import REASON, REASON_LIMIT
from bot.blocks.parts import Block, literal
from bot.blocks.text import cut, one_line, titled

#: Block and action id of the picker.
TO = "to"


@dataclass(frozen=True)
class Hand:
    """`able`: first names of those who can be chosen, as one text."""

    request_id: str
    title: str
    able: str


def hand_modal(hand: Hand) -> dict[str, Any]:
    """Asks to whom, and why; its private metadata is the request's id and nothing else."""
    return {
        "type": "modal",
        "callback_id": "hand",
        "private_metadata": hand.request_id,
        "title": _plain("Hand on"),
        "submit": _plain("Hand on"),
        "close": _plain("Back"),
        "blocks": [
            literal(titled(hand.title)),
            {
                "type": "input",
                "block_id": TO,
                "label": _plain("Who is asked instead of you?"),
                "hint": _plain(cut(f"I can hand it to {one_line(hand.able)}.", 150)),
                "element": {
                    "type": "users_select",
                    "action_id": TO,
                    "placeholder": _plain("Choose a person"),
                },
            },
            {
                "type": "input",
                "block_id": REASON,
                "optional": True,
                "label": _plain("Why? Everybody who sees the card reads this."),
                "element": {
                    "type": "plain_text_input",
                    "action_id": REASON,
                    "multiline": True,
                    "max_length": REASON_LIMIT,
                },
            },
        ],
    }


def chosen_of(view: Mapping[str, Any]) -> str:
    """The Slack id that was picked; empty where nobody was."""
    values = (view.get("state") or {}).get("values") or {}
    picked = ((values.get(TO) or {}).get(TO) or {}).get("selected_user")
    return picked if isinstance(picked, str) else ""


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}
