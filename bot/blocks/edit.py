"""The modal in which an approver changes what they are asked about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.blocks.limits import INPUT, OPTION, SECTION
from bot.blocks.parts import Block, literal
from bot.blocks.text import cut, one_line, titled, visible
from tools.editing import EditField

_HINTS = {
    "money": "With its currency, like EUR 150.00.",
    "number": "A whole number.",
    "moment": "Like 2026-11-23 10:00.",
    "list": "One to a line.",
}
_LINES = frozenset({"text", "list"})


def edit_modal(
    request_id: str, title: str, fields: Sequence[EditField], left_out: Sequence[str]
) -> dict[str, Any]:
    """One input per field under the field's name; `left_out` names what is too long for one."""
    told = "Whoever asked is told what you change, and whoever decides is asked anew."
    notes = [f"Too long to change here: {', '.join(map(one_line, left_out))}."] if left_out else []
    return {
        "type": "modal",
        "callback_id": "edit",
        "private_metadata": request_id,
        "title": _plain("Edit"),
        "submit": _plain("Change it"),
        "close": _plain("Back"),
        "blocks": [
            literal(titled(title)),
            *(_input(field) for field in fields),
            literal(cut(" ".join([told, *notes]), SECTION)),
        ],
    }


def typed_of(view: Mapping[str, Any]) -> dict[str, str]:
    """What stands in each input of a submitted view, by its field. Pure."""
    values = (view.get("state") or {}).get("values") or {}
    return {str(name): _said(entry.get(name) or {}) for name, entry in values.items()}


def _said(state: Mapping[str, Any]) -> str:
    chosen = state.get("selected_option") or {}
    found = state.get("value") or state.get("selected_date") or chosen.get("value")
    return found if isinstance(found, str) else ""


def _input(field: EditField) -> Block:
    about = one_line(field.about).rstrip(".")
    hint = " ".join(part for part in (f"{about}." if about else "", _HINTS.get(field.kind)) if part)
    block: Block = {
        "type": "input",
        "block_id": field.name,
        "label": _plain(cut(field.name.replace("_", " ").capitalize(), OPTION)),
        "element": {"action_id": field.name, **_element(field)},
        "optional": field.may_be_empty,
    }
    return {**block, "hint": _plain(cut(hint, 2_000))} if hint else block


def _element(field: EditField) -> Block:
    if field.kind in ("choice", "yes_no"):
        options = [_option(option) for option in field.options]
        now = {"initial_option": _option(field.value)} if field.value in field.options else {}
        return {"type": "static_select", "options": options, **now}
    if field.kind == "day":
        return {"type": "datepicker", **({"initial_date": field.value} if field.value else {})}
    element: Block = {
        "type": "plain_text_input",
        "multiline": field.kind in _LINES,
        "max_length": INPUT,
    }
    return {**element, "initial_value": field.value} if field.value else element


def _option(value: str) -> Block:
    return {"text": _plain(cut(visible(value), OPTION)), "value": value}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}
