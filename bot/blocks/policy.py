"""The form in which the policy is changed: the text in force, in parts that Slack can show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.blocks.limits import INPUT
from bot.blocks.parts import Block, literal

#: Leaves room to write something into each part.
_FILLED = INPUT - 600
_MOST_PARTS = 40


def parts_of(text: str) -> list[str] | None:
    """The text in whole lines; None where it does not fit into a form. Joined by line ends they
    are the text again, but for line ends at its end."""
    parts = [""]
    for line in text.rstrip("\n").split("\n"):
        if len(line) > _FILLED:
            return None
        if parts[-1] and len(parts[-1]) + 1 + len(line) > _FILLED:
            parts.append(line)
        else:
            parts[-1] = f"{parts[-1]}\n{line}" if parts[-1] else line
    return parts if len(parts) <= _MOST_PARTS else None


def policy_modal(parts: Sequence[str]) -> dict[str, Any]:
    """One input per part."""
    return {
        "type": "modal",
        "callback_id": "policy",
        "title": _plain("Change the policy"),
        "submit": _plain("Ask for it"),
        "close": _plain("Back"),
        "blocks": [
            *(_input(n, part) for n, part in enumerate(parts)),
            literal(
                "The card tells what it would have changed so far. An operator must agree; then "
                "it counts at once, for what waits too."
            ),
        ],
    }


def joined(view: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The text that stands in the inputs, and their names in its order. Pure."""
    values = (view.get("state") or {}).get("values") or {}
    names = sorted((n for n in values if str(n).startswith("part_")), key=lambda n: int(n[5:]))
    texts = [str((values[name].get(name) or {}).get("value") or "") for name in names]
    return "\n".join(text.rstrip("\n") for text in texts if text.strip()) + "\n", names


def part_of_line(view: Mapping[str, Any], line: int) -> str:
    """The name of the input that holds this line of the joined text. Pure."""
    values = (view.get("state") or {}).get("values") or {}
    _, names = joined(view)
    passed = 0
    for name in names:
        text = str((values[name].get(name) or {}).get("value") or "").rstrip("\n")
        if not text.strip():
            continue
        passed += text.count("\n") + 1
        if line <= passed:
            return name
    return names[0]


def _input(number: int, text: str) -> Block:
    name = f"part_{number}"
    return {
        "type": "input",
        "block_id": name,
        "optional": number > 0,
        "label": _plain("policy.yaml" if number == 0 else f"policy.yaml, part {number + 1}"),
        "element": {
            "type": "plain_text_input",
            "action_id": name,
            "multiline": True,
            "max_length": INPUT,
            "initial_value": text,
        },
    }


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}
