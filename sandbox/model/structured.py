"""Structured answers: a JSON schema filled from the words of the request, by simple rules.

A property is copied where the input is JSON that has it, or says `name: value`. Otherwise titles
are the first words, lists the input's lines, texts its first sentences, choices the first one
mentioned (or the first there is), numbers the first one after the property's name (or the least).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from sandbox.model.wording import first_sentences

Schema = Mapping[str, object]


def filled(schema: Schema, source: str) -> object:
    """A value that fits `schema` (objects, arrays, strings, numbers, booleans, enums, $ref)."""
    return _value(schema, "", source, schema)


def _value(schema: Schema, name: str, source: str, root: Schema) -> object:
    schema = _resolved(schema, root)
    copied = _copied(name, source)
    if copied is not None and _fits(copied, schema):
        return copied
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if "const" in schema:
        return schema["const"]
    if isinstance(schema.get("enum"), list):
        return _choice(schema["enum"], source)
    if kind == "object" or "properties" in schema:
        properties = schema.get("properties")
        named = properties if isinstance(properties, Mapping) else {}
        return {key: _value(inner, str(key), source, root) for key, inner in named.items()}
    if kind == "array":
        return _list(schema, name, source, root)
    if kind in ("integer", "number"):
        return _number(schema, name, source)
    if kind == "boolean":
        return (
            bool(re.search(rf"\b{_words(name)}:?\s*(?:yes|true)\b", source, re.I))
            if name
            else False
        )
    return None if kind == "null" else _text(schema, name, source)


def _copied(name: str, source: str) -> object:
    """The value of `name` where the whole input is JSON that has it."""
    try:
        data = json.loads(source)
    except ValueError:
        return None
    return data.get(name) if name and isinstance(data, Mapping) else None


def _fits(value: object, schema: Schema) -> bool:
    kinds: dict[str, type | tuple[type, ...]] = {
        "string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list,
    }  # fmt: skip
    wanted = kinds.get(str(schema.get("type")))
    return wanted is not None and "enum" not in schema and isinstance(value, wanted)


def _choice(options: object, source: str) -> object:
    listed = options if isinstance(options, list) else []
    mentioned = (o for o in listed if isinstance(o, str) and o and o.lower() in source.lower())
    return next(mentioned, listed[0] if listed else None)


def _list(schema: Schema, name: str, source: str, root: Schema) -> list[object]:
    items = schema.get("items")
    inner = items if isinstance(items, Mapping) else {"type": "string"}
    lines = [line.strip(" \t-*•") for line in source.splitlines() if line.strip(" \t-*•")]
    most = schema.get("maxItems")
    chosen = lines[: most if isinstance(most, int) else 20]
    if _resolved(inner, root).get("type") == "string" and "enum" not in inner:
        return list(chosen)
    return [_value(inner, name, line, root) for line in chosen[:5]]


def _number(schema: Schema, name: str, source: str) -> int | float:
    after = (
        re.search(rf"\b{_words(name)}\W{{0,3}}(-?\d+(?:\.\d+)?)", source, re.I) if name else None
    )
    least = schema.get("minimum")
    number = float(after[1]) if after else float(least) if isinstance(least, (int, float)) else 0.0
    return int(number) if schema.get("type") == "integer" else number


def _text(schema: Schema, name: str, source: str) -> str:
    said = re.search(rf"^\W*{_words(name)}\s*:\s*(.+)$", source, re.I | re.M) if name else None
    if said:
        text = said[1].strip()
    elif re.search(r"title|headline|subject|name", name, re.I):
        text = " ".join(first_sentences(source, 1).rstrip(".!?").split()[:8])
    else:
        text = first_sentences(source, 2)
    most = schema.get("maxLength")
    return text[:most] if isinstance(most, int) else text


def _words(name: str) -> str:
    return re.escape(name).replace("_", r"[\s_-]?")


def _resolved(schema: Schema, root: Schema) -> Schema:
    reference = schema.get("$ref")
    if isinstance(reference, str):
        target: object = root
        for part in reference.removeprefix("#/").split("/"):
            target = target.get(part, {}) if isinstance(target, Mapping) else {}
        return _resolved(target if isinstance(target, Mapping) else {}, root)
    for key in ("anyOf", "oneOf", "allOf"):
        options = schema.get(key)
        for option in options if isinstance(options, list) else []:
            if isinstance(option, Mapping) and _resolved(option, root).get("type") != "null":
                return _resolved(option, root)
    return schema
