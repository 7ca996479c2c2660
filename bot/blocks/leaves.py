"""Every leaf of an action's arguments, as an approver reads it (P6).

Each leaf becomes one line `name (where it came from): value`; a value with line breaks, or a long
one, stands in sections of its own, so that no value can pass for another one's line. A leaf whose
value stands in the card's head already is only said to be from where it came.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.blocks.limits import PAGE, PAGES, SECTION, SHOWN_ARGUMENTS
from bot.blocks.parts import Block, literal
from bot.blocks.text import visible
from core.money import Money

#: Longer values get sections of their own.
_SHORT = 300
#: Words that a value of another kind is shown as; a text that spells one is put in quotes.
_RESERVED = frozenset({"", "true", "false", "null", "[]", "{}"})
#: Room for `name (origin), part 12 of 34:` above a part's text.
_PART = SECTION - 700
_NAME_LIMIT = 300
#: How many values a card shows the beginning of when not all fit, and how much of a long one.
_BEGINNINGS = 8
_BEGUN = 200
_STEP = " \u203a "


@dataclass(frozen=True)
class Leaf:
    """One value; an amount counts as one, and so do an empty list and an empty object.

    `path` is how it is named, list items from 1 on; `pointer` is its JSON pointer.
    """

    path: tuple[str, ...]
    pointer: str
    value: Any


@dataclass(frozen=True)
class Shown:
    """`blocks` show the arguments that the head does not; `said` are the origins of those it does.

    What is too long for a card stands on `pages`, and `blocks` show how it begins. `whole` is false
    when not even pages could show it all.
    """

    blocks: tuple[Block, ...]
    said: tuple[str, ...]
    whole: bool
    length: int
    pages: tuple[tuple[Block, ...], ...] = ()


def show(
    args: Mapping[str, Any], *, origin: Callable[[Leaf], str], in_head: Callable[[Leaf, str], bool]
) -> Shown:
    """All leaves of `args` within the limits of one message.

    `origin` says where a leaf came from; `in_head` whether the head shows this leaf's value.
    """
    found = [(leaf, name_of(leaf, args), shown_value(leaf.value)) for leaf in leaves(args)]
    said = [(leaf, name) for leaf, name, value in found if in_head(leaf, value)]
    lines = [
        (f"{name} ({origin(leaf)})", value)
        for leaf, name, value in found
        if not in_head(leaf, value)
    ]
    length = sum(len(name) + len(value) for _leaf, name, value in found)
    if length > PAGE * PAGES or any(len(name) > _NAME_LIMIT for _leaf, name, _ in found):
        return Shown((), (), whole=False, length=length)
    told = tuple(dict.fromkeys(f"{name}: {origin(leaf)}" for leaf, name in said))
    blocks = _blocks(lines)
    if _weight(blocks) <= SHOWN_ARGUMENTS:
        return Shown(blocks, told, whole=True, length=length)
    return Shown(_beginnings(lines), told, whole=True, length=length, pages=paged(blocks))


def _blocks(lines: Sequence[tuple[str, str]]) -> tuple[Block, ...]:
    short = [f"{name}: {value}" for name, value in lines if _fits(value)]
    long = [(name, value) for name, value in lines if not _fits(value)]
    blocks = [literal(text) for text in _packed(short)]
    blocks += [literal(text) for name, value in long for text in _parts(name, value)]
    return tuple(blocks)


def _weight(blocks: Sequence[Block]) -> int:
    return sum(len(_text(block)) for block in blocks)


def _text(block: Block) -> str:
    if block["type"] == "rich_text":
        (part,) = block["elements"]
        return "".join(element["text"] for element in part["elements"])
    return str(block["text"]["text"])


def paged(blocks: Sequence[Block]) -> tuple[tuple[Block, ...], ...]:
    """These blocks on as many pages as they need."""
    pages: list[list[Block]] = [[]]
    for block in blocks:
        if pages[-1] and _weight([*pages[-1], block]) > PAGE:
            pages.append([])
        pages[-1].append(block)
    return tuple(tuple(page) for page in pages)


def _beginnings(lines: Sequence[tuple[str, str]]) -> tuple[Block, ...]:
    """The first few values, long ones only as they begin: enough to know what it is about."""
    shown = [
        f"{name}: {value if _fits(value) else _begun(value)}" for name, value in lines[:_BEGINNINGS]
    ]
    left = len(lines) - len(shown)
    more = [f"and {left:,} more values" if left > 1 else "and one more value"] if left else []
    return tuple(literal(text) for text in _packed([*shown, *more]))


def _begun(value: str) -> str:
    return f"{' '.join(value[:_BEGUN].split())}… ({len(value):,} characters)"


def leaves(value: Any, path: tuple[str, ...] = (), pointer: str = "") -> Iterator[Leaf]:
    """Each leaf, in the order of the arguments."""
    if isinstance(value, Mapping) and value and not _is_amount(value):
        for key, item in value.items():
            yield from leaves(item, (*path, str(key)), f"{pointer}/{_escaped(str(key))}")
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from leaves(item, (*path, str(index + 1)), f"{pointer}/{index}")
    else:
        yield Leaf(path, pointer, value)


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _is_amount(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and set(value) == {"minor", "currency"}
        and type(value["minor"]) is int
        and isinstance(value["currency"], str)
        and re.fullmatch(r"[A-Z]{3}", value["currency"]) is not None
    )


def name_of(leaf: Leaf, args: Mapping[str, Any]) -> str:
    """As a person reads it: `amount`; the only item of a list is named like the list."""
    path = leaf.path
    if len(path) == 2 and isinstance(args[path[0]], list) and len(args[path[0]]) == 1:
        path = path[:1]
    return _STEP.join(_key(part) for part in path) or "value"


def _key(key: str) -> str:
    # ` (` and `: ` end the name, and a sign separates its steps: spelled out in keys.
    shown = visible(key, keep=" ")
    for sign in (":", "(", _STEP.strip()):
        shown = shown.replace(sign, f"⟨U+{ord(sign):04X}⟩")
    return f'"{shown}"' if not shown or shown != shown.strip() or shown[0] == '"' else shown


def shown_value(value: Any) -> str:
    """The value as a card spells it."""
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
