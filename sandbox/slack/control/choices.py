"""What a person puts into an element, as Slack reports it. Refused when the element lacks it."""

import re
from typing import Any

from sandbox.slack.blocks.check import options_of
from sandbox.slack.control.refusal import Refused
from sandbox.slack.shapes import Json

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def state_of(element: Json, value: Any) -> Json:
    """The entry in `state.values` for an input that holds `value` (None: left empty)."""
    kind = element["type"]
    match kind:
        case "plain_text_input":
            return {"type": kind, "value": _text(element, value)}
        case "static_select" | "radio_buttons":
            return {"type": kind, "selected_option": _option(element, value) if value else None}
        case "checkboxes":
            chosen = [_option(element, item) for item in _list(value)]
            return {"type": kind, "selected_options": chosen}
        case "datepicker":
            return {"type": kind, "selected_date": _date(value)}
        case "users_select":
            return {"type": kind, "selected_user": _text(element, value)}
    raise Refused(f"An element of type {kind} holds no value.")


def initial_state(element: Json) -> Json:
    """What an untouched input holds."""
    kind = element["type"]
    match kind:
        case "plain_text_input":
            return {"type": kind, "value": element.get("initial_value")}
        case "checkboxes":
            return {"type": kind, "selected_options": element.get("initial_options", [])}
        case "datepicker":
            return {"type": kind, "selected_date": element.get("initial_date")}
        case "users_select":
            return {"type": kind, "selected_user": element.get("initial_user")}
    return {"type": kind, "selected_option": element.get("initial_option")}


def is_empty(state: Json) -> bool:
    return not any(value for key, value in state.items() if key != "type")


def action_of(block: Json, element: Json, value: Any, *, ts: str) -> Json:
    """One entry of `actions` for a person using this element."""
    action: Json = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "action_ts": ts,
    }
    match element["type"]:
        case "button" | "icon_button":
            _button(element, value)
            kept = ("text", "value", "style", "icon")
            return {**action, **{key: element[key] for key in kept if key in element}}
        case "feedback_buttons":
            return {**action, **_feedback(element, value)}
    if element["type"] == "static_select":
        action["placeholder"] = element.get("placeholder")
    return {**action, **state_of(element, value)}


def _button(element: Json, value: Any) -> None:
    if value is not None and value != element.get("value"):
        raise Refused("No button of this message has that value.", 404)


def _feedback(element: Json, value: Any) -> Json:
    for name in ("positive_button", "negative_button"):
        button: Json = element[name]
        if button["value"] == value:
            return {"text": button["text"], "value": value}
    raise Refused("`value` must be the value of one of the two feedback buttons.", 404)


def _text(element: Json, value: Any) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Refused(f"{element['action_id']} takes a string.")
    return value


def _option(element: Json, value: Any) -> Json:
    options = options_of(element)
    for option in options:
        if option["value"] == value:
            return option
    offered = ", ".join(str(option["value"]) for option in options)
    raise Refused(f"{element['action_id']} offers {offered}, not {value}.", 404)


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _date(value: Any) -> str | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise Refused("A date is written as 2026-11-20.")
    return value
