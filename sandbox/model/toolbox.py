"""The tools a request offers, and how to call one by what its JSON schema names and wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.money import Money
from sandbox.model.catalogue import ARGUMENTS, OPERATIONS

Schema = Mapping[str, object]


@dataclass(frozen=True)
class ToolCall:
    name: str
    arguments: Mapping[str, object]


@dataclass(frozen=True)
class Missing:
    """Arguments the tool demands and nobody said, by name."""

    names: tuple[str, ...]


class Toolbox:
    """The `tools` of one chat request."""

    def __init__(self, tools: Sequence[Mapping[str, object]]) -> None:
        self._schemas = {name: schema for name, schema in map(_declared, tools) if name}

    def name_of(self, operation: str) -> str | None:
        """The offered tool that does `operation`, or None."""
        wanted = {name.replace(".", "__") for name in OPERATIONS[operation]}
        for name in self._schemas:
            if name.replace(".", "__") in wanted:
                return name
        return None

    def offers(self, operation: str) -> bool:
        return self.name_of(operation) is not None

    def call(self, name: str, values: Mapping[str, object]) -> ToolCall | Missing:
        """Arguments for `name` from what is known; only names its schema has are used."""
        schema = self._schemas[name]
        properties = _mapping(schema.get("properties"))
        arguments: dict[str, object] = {}
        for slot, value in values.items():
            target = next(
                (p for p in ARGUMENTS[slot] if p in properties and p not in arguments), None
            )
            if target:
                wanted = _resolved(_mapping(properties[target]), schema)
                arguments[target] = _shaped(value, target, wanted, schema)
            if isinstance(value, Money) and "currency" in properties:
                arguments["currency"] = value.currency
        required = schema.get("required")
        wanted_names = [str(name) for name in required] if isinstance(required, list) else []
        missing = tuple(name for name in wanted_names if name not in arguments)
        return Missing(missing) if missing else ToolCall(name, arguments)


def _declared(tool: Mapping[str, object]) -> tuple[str, Schema]:
    function = _mapping(tool.get("function"))
    return str(function.get("name") or ""), _mapping(function.get("parameters"))


def _resolved(schema: Schema, root: Schema) -> Schema:
    """Follow `$ref` and take the first alternative that is not null."""
    reference = schema.get("$ref")
    if isinstance(reference, str):
        target: object = root
        for part in reference.removeprefix("#/").split("/"):
            target = _mapping(target).get(part)
        return _resolved(_mapping(target), root)
    for key in ("anyOf", "oneOf", "allOf"):
        options = schema.get(key)
        for option in options if isinstance(options, list) else []:
            resolved = _resolved(_mapping(option), root)
            if resolved.get("type") != "null":
                return resolved
    return schema


def _shaped(value: object, name: str, schema: Schema, root: Schema) -> object:
    """The value in the shape the schema asks for: money as object, integer or text; lists."""
    kind = schema.get("type")
    if isinstance(value, Money):
        return _shaped_money(value, name, schema)
    if kind == "array" and not isinstance(value, (list, tuple)):
        return [value]
    if kind == "array" and isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value)
    if kind == "integer" and isinstance(value, str) and value.isdigit():
        return int(value)
    if kind == "string" and not isinstance(value, str):
        return str(value)
    if schema.get("format") == "date-time" and isinstance(value, str) and len(value) == 16:
        return value + ":00"
    return value


def _shaped_money(value: Money, name: str, schema: Schema) -> object:
    kind = schema.get("type")
    if kind == "object":
        names = _mapping(schema.get("properties"))
        minor = next(
            (n for n in ("minor", "amount_minor", "cents", "value") if n in names), "minor"
        )
        return {minor: value.minor, "currency": value.currency}
    if kind == "number":
        return value.minor / 100
    if kind == "string":
        return str(value)
    return value.minor


def _mapping(value: object) -> Schema:
    return value if isinstance(value, Mapping) else {}
