"""The modal in which somebody asks that actions alike need no question of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.blocks.limits import INPUT, OPTION, SECTION
from bot.blocks.parts import Block, literal
from bot.blocks.text import cut, one_line, titled

#: Names of its inputs.
AT_MOST, RECIPIENTS, MAY_DIFFER, USES, IN_ALL, DAYS = (
    "at_most",
    "recipients",
    "may_differ",
    "uses",
    "in_all",
    "days",
)


@dataclass(frozen=True)
class Suggested:
    """What the modal is filled with, derived from one action."""

    action_id: str
    title: str
    #: First name of the one whose actions they are.
    whose: str
    #: Words like `EUR 100.00`; None where it is not about money.
    at_most: str | None
    in_all: str | None
    recipients: tuple[str, ...]
    #: Deciding arguments that are fixed unless they may differ.
    fixed: tuple[str, ...]
    uses: int
    days: int
    #: What it would have covered so far, as a sentence.
    past: str


def alike_modal(suggested: Suggested) -> dict[str, Any]:
    """One input per bound; its private metadata is the action's id and nothing else."""
    return {
        "type": "modal",
        "callback_id": "allow_alike",
        "private_metadata": suggested.action_id,
        "title": _plain("Allow alike"),
        "submit": _plain("Ask for it"),
        "close": _plain("Back"),
        "blocks": [
            literal(
                cut(
                    f"Starts from: {titled(suggested.title)}. It is for what "
                    f"{one_line(suggested.whose)} asks for, and nobody else.",
                    SECTION,
                )
            ),
            *_inputs(suggested),
            literal(cut(one_line(suggested.past, 1_000), SECTION)),
            literal(
                "This is asked of those who approve such actions; where they are only confirmed, "
                "of the default approvers. It can be revoked in my Home at any time."
            ),
        ],
    }


def typed_of(view: Mapping[str, Any]) -> dict[str, str | tuple[str, ...]]:
    """What stands in each input; of check boxes, those that are checked. Pure."""
    values = (view.get("state") or {}).get("values") or {}
    found: dict[str, str | tuple[str, ...]] = {}
    for name, entry in values.items():
        state = entry.get(name) or {}
        if "selected_options" in state:
            found[str(name)] = tuple(str(each["value"]) for each in state["selected_options"])
        else:
            found[str(name)] = str(state.get("value") or "")
    return found


def _inputs(suggested: Suggested) -> list[Block]:
    blocks = []
    if suggested.at_most is not None:
        blocks.append(_text(AT_MOST, "Each up to", suggested.at_most))
    if suggested.recipients:
        lines = _fitting(suggested.recipients)
        hint = "One to a line; @example.com stands for everybody there."
        blocks.append(_text(RECIPIENTS, "To", lines, hint=hint, multiline=True))
    if suggested.fixed:
        blocks.append(_boxes(suggested.fixed))
    blocks.append(_text(USES, "How many of them", str(suggested.uses)))
    if suggested.in_all is not None:
        blocks.append(_text(IN_ALL, "In all up to", suggested.in_all))
    blocks.append(_text(DAYS, "For how many days", str(suggested.days), hint="90 at most."))
    return blocks


def _text(
    name: str, label: str, value: str, *, hint: str | None = None, multiline: bool = False
) -> Block:
    block: Block = {
        "type": "input",
        "block_id": name,
        "label": _plain(label),
        "element": {
            "type": "plain_text_input",
            "action_id": name,
            "initial_value": value,
            "multiline": multiline,
            "max_length": INPUT,
        },
    }
    return {**block, "hint": _plain(hint)} if hint else block


def _fitting(lines: Sequence[str]) -> str:
    """So many of the lines, from the first on, as an input takes."""
    room, found = INPUT, []
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            break
        found.append(line)
    return "\n".join(found)


def _boxes(names: Sequence[str]) -> Block:
    options = [
        {"text": _plain(cut(name.replace("_", " "), OPTION)), "value": name} for name in names[:10]
    ]
    return {
        "type": "input",
        "block_id": MAY_DIFFER,
        "optional": True,
        "label": _plain("May be anything"),
        "hint": _plain("What is not checked must be as it was."),
        "element": {"type": "checkboxes", "action_id": MAY_DIFFER, "options": options},
    }


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}
