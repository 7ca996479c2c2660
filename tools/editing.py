"""Which arguments an approver may change, as fields people fill in, and back into arguments.

Made from the tool's own pydantic model: its schema says what each field is, and what is typed is
validated by nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from pydantic import ValidationError

from approvals.origins import as_money
from core.money import NotMoney, parse_money
from tools.contract import Amount, Tool

Kind = Literal["line", "text", "money", "number", "day", "moment", "choice", "yes_no", "list"]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?")
_NUMBER = re.compile(r"[+-]?\d+")
#: A text that may grow longer than this gets a box of several lines.
_LINE = 200


@dataclass(frozen=True)
class EditField:
    """One argument as people fill it in. `value` is how it stands, spelled like its `kind`:
    `EUR 180.00`, `2026-11-23`, `yes`, one line per item of a list."""

    name: str
    kind: Kind
    value: str
    #: What it is, in the tool's own words.
    about: str
    #: What may be chosen (`choice`, `yes_no`).
    options: tuple[str, ...] = ()
    optional: bool = False
    #: Whether it may be left empty: nothing given, or a list of nothing.
    may_be_empty: bool = False


@dataclass(frozen=True)
class Typed:
    """What was typed, as arguments; or what is wrong, as a sentence for each field."""

    args: Mapping[str, Any] | None
    problems: Mapping[str, str]


def fields_of(tool: Tool, args: Mapping[str, Any], names: Sequence[str]) -> tuple[EditField, ...]:
    """A field for each of these arguments that people can fill in; what is not such is left out."""
    schema = tool.args.model_json_schema()
    found = [
        _field(name, args.get(name), schema["properties"][name], schema.get("$defs", {}))
        for name in names
        if name in tool.editable and name in schema["properties"]
    ]
    return tuple(field for field in found if field is not None)


def read_typed(
    tool: Tool, args: Mapping[str, Any], fields: Sequence[EditField], typed: Mapping[str, str]
) -> Typed:
    """The arguments with what was typed in their place, checked by the tool's own model."""
    problems: dict[str, str] = {}
    changed = dict(args)
    for field in fields:
        text = typed.get(field.name, "")
        if text == field.value:
            continue
        try:
            changed[field.name] = _value(field, text)
        except ValueError as error:
            problems[field.name] = str(error)
    if problems:
        return Typed(None, problems)
    try:
        return Typed(tool.args.model_validate(changed).model_dump(mode="json"), {})
    except ValidationError as error:
        return Typed(None, _problems(error, fields))


def _field(
    name: str, value: Any, schema: Mapping[str, Any], defs: Mapping[str, Any]
) -> EditField | None:
    about = str(schema.get("description") or "")
    inner, optional = _not_null(schema, defs)
    kind, options = _kind(inner, defs, value)
    if kind is None:
        return None
    empty = optional or (kind == "list" and not inner.get("minItems"))
    return EditField(name, kind, _spelled(kind, value), about, options, optional, empty)


def _not_null(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
    """The schema behind `X | None` and references, and whether nothing may be given."""
    either = schema.get("anyOf")
    if either is not None:
        others = [one for one in either if one.get("type") != "null"]
        if len(others) != 1:
            return {}, False
        return _not_null(others[0], defs)[0], len(others) < len(either)
    reference = schema.get("$ref")
    if reference is not None:
        return defs[str(reference).rpartition("/")[2]], False
    return schema, False


def _kind(
    schema: Mapping[str, Any], defs: Mapping[str, Any], value: Any
) -> tuple[Kind | None, tuple[str, ...]]:
    options = schema.get("enum")
    if options is not None and all(isinstance(option, str) for option in options):
        return "choice", tuple(options)
    match schema.get("type"):
        case "boolean":
            return "yes_no", ("yes", "no")
        case "integer":
            return "number", ()
        case "array":
            item, _ = _not_null(schema.get("items") or {}, defs)
            plain = item.get("type") == "string" and all("\n" not in one for one in value or ())
            return ("list", ()) if plain else (None, ())
        case "object":
            is_amount = set(schema.get("properties") or ()) == set(Amount.model_fields)
            return ("money", ()) if is_amount else (None, ())
        case "string":
            return _text_kind(schema, value), ()
    return None, ()


def _text_kind(schema: Mapping[str, Any], value: Any) -> Kind:
    text = value if isinstance(value, str) else ""
    if schema.get("format") == "date" or (_DAY.fullmatch(text) and "pattern" in schema):
        return "day"
    if schema.get("format") == "date-time" or (_MOMENT.fullmatch(text) and "pattern" in schema):
        return "moment"
    long = int(schema.get("maxLength") or 0) > _LINE or len(text) > _LINE or "\n" in text
    return "text" if long else "line"


def _spelled(kind: Kind, value: Any) -> str:
    if value is None:
        return ""
    if kind == "money":
        return str(as_money(value) or "")
    if kind == "yes_no":
        return "yes" if value else "no"
    if kind == "list":
        return "\n".join(value)
    return str(value).replace("T", " ") if kind == "moment" else str(value)


def _value(field: EditField, text: str) -> Any:
    """What this field's text says. Raises `ValueError` with a sentence for people."""
    bare = text.strip()
    if not bare and field.optional:
        return None
    match field.kind:
        case "money":
            return _money(bare)
        case "number":
            if not _NUMBER.fullmatch(bare.replace(",", "")):
                raise ValueError("Please write a whole number.")
            return int(bare.replace(",", ""))
        case "yes_no":
            return bare == "yes"
        case "list":
            return [line.strip() for line in text.splitlines() if line.strip()]
        case "day":
            return _parsed(date.fromisoformat, bare, "a day, like 2026-11-23")
        case "moment":
            like = "a day and time, like 2026-11-23 10:00"
            return _parsed(datetime.fromisoformat, bare.replace(" ", "T"), like)
    return text


def _money(text: str) -> dict[str, Any]:
    try:
        money = parse_money(text)
    except NotMoney as error:
        raise ValueError("Please write an amount with its currency, like EUR 150.00.") from error
    return {"minor": money.minor, "currency": money.currency}


def _parsed(parse: Any, text: str, like: str) -> str:
    try:
        parse(text)
    except ValueError as error:
        raise ValueError(f"Please write {like}.") from error
    return text


def _problems(error: ValidationError, fields: Sequence[EditField]) -> dict[str, str]:
    """A sentence at each field that does not fit; at the first one where none is to blame."""
    names = [field.name for field in fields]
    found: dict[str, str] = {}
    for entry in error.errors(include_url=False, include_input=False):
        where = str(entry["loc"][0]) if entry["loc"] else ""
        name = where if where in names else names[0]
        found.setdefault(name, _sentence(entry))
    return found


def _sentence(entry: Mapping[str, Any]) -> str:
    limits = entry.get("ctx") or {}
    match entry["type"]:
        case "greater_than":
            return f"This must be more than {limits['gt']}."
        case "greater_than_equal":
            return f"This must be at least {limits['ge']}."
        case "less_than" | "less_than_equal":
            return f"This must be at most {limits.get('le', limits.get('lt'))}."
        case "string_too_short" | "too_short" | "missing":
            return "Please fill this in."
        case "string_too_long":
            return f"Please keep it under {limits['max_length']:,} characters."
        case "too_long":
            return f"These are too many: at most {limits['max_length']}."
        case "string_pattern_mismatch":
            return "This is not written as it must be: see below."
        case "value_error":
            said = str(limits.get("error") or "").rstrip(".")
            return f"{said[:1].upper()}{said[1:]}."
    return "This does not fit here."
