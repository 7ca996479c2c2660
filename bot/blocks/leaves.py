"""Every leaf of an action's arguments, as an approver reads it (P6).

Each leaf becomes one line `name: value`; a value with line breaks, or a long one, stands in
sections of its own, so that no value can pass for another one's line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.blocks.limits import SECTION, SHOWN_ARGUMENTS
from bot.blocks.parts import Block, literal
from bot.blocks.text import visible
from core.money import Money

#: Longer values get sections of their own.
_SHORT = 300
#: Words that a value of another kind is shown as; a text that spells one is put in quotes.
_RESERVED = frozenset({"", "true", "false", "null", "[]", "{}"})
#: Room for `name, part 12 of 34:` above a part's text.
_PART = SECTION - 400
_NAME_LIMIT = 300
_STEP = " \u203a "


@dataclass(frozen=True)
class Shown:
    """The blocks that show the arguments; `whole` is false when they could not all be shown."""

    blocks: tuple[Block, ...]
    whole: bool
    length: int


def show(args: Mapping[str, Any]) -> Shown:
    """All leaves of `args` within the limits of one message."""
    lines = [(_name(path), _value(value)) for path, value in leaves(args)]
    length = sum(len(name) + len(value) for name, value in lines)
    if length > SHOWN_ARGUMENTS or any(len(name) > _NAME_LIMIT for name, _ in lines):
        return Shown((), whole=False, length=length)
    short = [f"{name}: {value}" for name, value in lines if _fits(value)]
    long = [(name, value) for name, value in lines if not _fits(value)]
    blocks = [literal(text) for text in _packed(short)]
    blocks += [literal(text) for name, value in long for text in _parts(name, value)]
    return Shown(tuple(blocks), whole=True, length=length)


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """(path, value) of each leaf. Empty lists and objects are leaves, and so is an amount."""
    if isinstance(value, Mapping) and value and not _is_amount(value):
        for key, item in value.items():
            yield from leaves(item, (*path, str(key)))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from leaves(item, (*path, str(index + 1)))
    else:
        yield path, value


def _is_amount(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and set(value) == {"minor", "currency"}
        and type(value["minor"]) is int
        and isinstance(value["currency"], str)
        and re.fullmatch(r"[A-Z]{3}", value["currency"]) is not None
    )


def _name(path: Sequence[str]) -> str:
    return _STEP.join(_key(part) for part in path) or "value"


def _key(key: str) -> str:
    # The first `: ` ends the name, and the sign between steps separates them: spelled out in keys.
    shown = visible(key, keep=" ").replace(":", "⟨U+003A⟩").replace(_STEP.strip(), "⟨U+203A⟩")
    return f'"{shown}"' if not shown or shown != shown.strip() or shown[0] == '"' else shown


def _value(value: Any) -> str:
    if _is_amount(value):
        return str(Money(value["minor"], value["currency"]))
    if isinstance(value, str):
        shown = visible(value)
        return f'"{shown}"' if _needs_quotes(shown) else shown
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value).replace(" ", "")


def _needs_quotes(text: str) -> bool:
    # Slack trims the ends of a text; quotes keep what stands there.
    return text in _RESERVED or text != text.strip() or text.startswith('"')


def _fits(value: str) -> bool:
    return len(value) <= _SHORT and "\n" not in value


def _packed(lines: Sequence[str]) -> Iterator[str]:
    page = ""
    for line in lines:
        if page and len(page) + 1 + len(line) > SECTION:
            yield page
            page = ""
        page = f"{page}\n{line}" if page else line
    if page:
        yield page


def _parts(name: str, value: str) -> Iterator[str]:
    pieces = [value[i : i + _PART] for i in range(0, len(value), _PART)]
    for number, piece in enumerate(pieces, start=1):
        of = f", part {number} of {len(pieces)}" if len(pieces) > 1 else ""
        yield f"{name}{of}:\n{piece}"
