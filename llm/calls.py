"""What a model asked for, checked: only a known tool with a readable JSON object becomes a call."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: More at once is a model that has lost its way.
MOST_CALLS = 16

#: What `Registry.schemas()` gives: {"name", "description", "parameters"}, plain JSON.
Schema = Mapping[str, Any]


@dataclass(frozen=True)
class ToolCall:
    """One call a model asked for. `args` is plain JSON without fractions; its values are checked
    by the tool's own preparation."""

    id: str
    tool: str
    args: dict[str, Any]


class _Unreadable(Exception):
    """These arguments are no use; the text says why, for the model."""


def wire_name(tool: str) -> str:
    """OpenAI's function names allow no dot."""
    return tool.replace(".", "__")


def wire_tools(schemas: Sequence[Schema]) -> list[dict[str, Any]]:
    return [
        {"type": "function", "function": {**schema, "name": wire_name(schema["name"])}}
        for schema in schemas
    ]


def wire_call(call: Mapping[str, Any]) -> dict[str, Any]:
    """A recorded call (`ToolCall` as a dict) in the form models read their own calls in."""
    arguments = json.dumps(call["args"], ensure_ascii=False)
    function = {"name": wire_name(call["tool"]), "arguments": arguments}
    return {"id": call["id"], "type": "function", "function": function}


def read_calls(
    raw: Sequence[tuple[str, str, str]], schemas: Sequence[Schema]
) -> tuple[tuple[ToolCall, ...], tuple[str, ...]]:
    """(id, wire name, argument text) of each call -> the readable calls and the problems."""
    known = {wire_name(schema["name"]): schema for schema in schemas}
    calls, problems = [], []
    if len(raw) > MOST_CALLS:
        return (), (f"At most {MOST_CALLS} calls fit into one message.",)
    if len({call_id for call_id, _name, _text in raw}) < len(raw):
        return (), ("Two calls share one id.",)
    for call_id, name, text in raw:
        schema = known.get(name)
        if schema is None:
            problems.append(f"There is no tool {clean(name)!r}.")
            continue
        try:
            calls.append(ToolCall(call_id, schema["name"], _read_args(text, schema)))
        except _Unreadable as error:
            problems.append(f"The arguments for {name} cannot be used: {error}.")
    return tuple(calls), tuple(problems)


def clean(text: str) -> str:
    """The text without what databases refuse: NUL and lone surrogates become U+FFFD."""
    return (
        text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )


def _read_args(text: str, schema: Schema) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}", parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise _Unreadable("they are not valid JSON") from error
    if not isinstance(value, dict):
        raise _Unreadable("they are not a JSON object")
    _check_names(value, schema["parameters"])
    plain = _plain(value)
    assert isinstance(plain, dict)
    return plain


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _check_names(args: dict[str, Any], parameters: Mapping[str, Any]) -> None:
    missing = [name for name in parameters.get("required", ()) if name not in args]
    if missing:
        raise _Unreadable(f"{', '.join(missing)} is missing")
    extra = sorted(set(args) - set(parameters.get("properties", {})))
    if extra and parameters.get("additionalProperties") is False:
        raise _Unreadable(f"it takes no {', '.join(clean(name) for name in extra)}")


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float):
        if not value.is_integer():
            raise _Unreadable("numbers must be whole; money is counted in cents")
        return _whole(int(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return _whole(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {clean(key): _plain(item) for key, item in value.items()}
    return value


def _whole(value: int) -> int:
    if abs(value) > 2**53 - 1:
        raise _Unreadable("a number is too large")
    return value
