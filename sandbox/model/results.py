"""What a tool answered: plain JSON, sometimes wrapped in a status or in the place it came from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import SignoffError
from core.money import Money, parse_money
from sandbox.model.catalogue import FAILURES

_WRAPPERS = ("result", "content", "data", "value", "output")
_WORDS = ("message", "reason", "error", "sentence", "detail")
#: Keys that only ever stand around a tool's answer, never in it.
_FRAME = {"status", "outcome", "origin", "source", "sources", "tool", "action", "action_id", "ok"}


@dataclass(frozen=True)
class Result:
    """`failure` is None for an answer, else one of the words in `catalogue.FAILURES`."""

    value: object
    failure: str | None
    message: str
    #: Something the tool adds to its answer that a person should hear.
    warning: str = ""


def read_result(text: str) -> Result:
    """Read a tool message. Text that is not JSON counts as the answer itself."""
    raw = _json(text)
    failure = _failure(raw)
    return Result(
        value=None if failure else _unwrapped(raw),
        failure=failure,
        message=_message(raw) if failure else "",
        warning=_heard(raw) if isinstance(raw, dict) else "",
    )


def _heard(raw: dict[str, object]) -> str:
    return " ".join(str(raw[name]) for name in ("warning", "changed") if raw.get(name))


def pick(value: object, *names: str) -> object:
    """The first of `names` found in the nearest object, by name before depth; None if absent."""
    for name in names:
        for item in _objects(value):
            if item.get(name) not in (None, "", []):
                return item[name]
    return None


def text(value: object) -> str:
    """A value in a person's words: money as `EUR 180.00`, an object by its name."""
    money = as_money(value)
    if money:
        return str(money)
    if isinstance(value, dict):
        return text(pick(value, "name", "title", "label", "sku", "id"))
    if isinstance(value, list):
        return ", ".join(text(item) for item in value)
    return "" if value is None else str(value)


def said(value: object, *names: str) -> str:
    """`text` of the first of `names` that is there, else an empty string."""
    return text(pick(value, *names))


def money(value: object, *names: str) -> Money | None:
    """The amount under the first of `names` that holds one; `<name>_minor` counts too."""
    for name in names:
        found = as_money(pick(value, name))
        if found:
            return found
        minor, currency = pick(value, f"{name}_minor"), pick(value, "currency")
        if isinstance(minor, int) and isinstance(currency, str):
            return Money(minor, currency)
    return None


def as_money(value: object) -> Money | None:
    """Money from `{"minor": 18000, "currency": "EUR"}` or from text like `EUR 180.00`."""
    if isinstance(value, dict):
        minor, currency = value.get("minor"), value.get("currency")
        return (
            Money(minor, currency) if isinstance(minor, int) and isinstance(currency, str) else None
        )
    if isinstance(value, str):
        try:
            return parse_money(value)
        except SignoffError:
            return None
    return None


def rows(value: object) -> list[dict[str, object]]:
    """The objects of a listing: the value itself, or the first list of objects inside it."""
    if isinstance(value, list):
        return [item for item in value if isinstance(item, dict)]
    lists = [i for item in _objects(value) for i in item.values() if isinstance(i, list)]
    for inner in lists:
        if inner and isinstance(inner[0], dict):
            return rows(inner)
    return [value] if isinstance(value, dict) and not lists and len(value) > 1 else []


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _failure(raw: object) -> str | None:
    if not isinstance(raw, dict):
        return None
    status = str(raw.get("status") or raw.get("outcome") or "").lower()
    bare = set(raw) <= _FRAME | set(_WORDS)
    # Tools' own results always carry a source: an order may be cancelled without any failure.
    told = any(isinstance(raw.get(word), str) for word in _WORDS)
    if status in FAILURES and "result" not in raw and (bare or told or "source" not in raw):
        return status
    if raw.get("error") and (bare or raw.get("ok") is False):
        return "error"
    return None


def _message(raw: object) -> str:
    if not isinstance(raw, dict):
        return ""
    for word in _WORDS:
        inner = raw.get(word)
        if isinstance(inner, str) and inner:
            return inner
        if isinstance(inner, dict):
            return _message(inner)
    return ""


def _unwrapped(raw: object) -> object:
    """Strip frames like `{"status": …, "result": …}` and `{"origin": …, "content": …}`."""
    while isinstance(raw, dict):
        inside = [name for name in _WRAPPERS if name in raw]
        framed = raw.get("status") in ("succeeded", "ok", "done") and "result" in raw
        if not framed and (len(inside) != 1 or not set(raw) <= _FRAME | set(_WORDS) | {inside[0]}):
            return raw
        inner = raw["result"] if framed else raw[inside[0]]
        raw = _json(inner) if isinstance(inner, str) else inner
    return raw


def _objects(value: object, depth: int = 3) -> Iterator[dict[str, object]]:
    """Objects from the outside inwards: nearest first, lists looked into."""
    level = [value]
    for _ in range(depth):
        objects: list[dict[str, object]] = []
        for item in level:
            found = item if isinstance(item, list) else [item]
            objects += [one for one in found if isinstance(one, dict)]
        yield from objects
        level = [inner for one in objects for inner in one.values()]
