"""Values of an action's arguments, found by name and compared as people write them. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def named(args: Mapping[str, Any], name: str) -> list[Any]:
    """Every value under this name (`amount.currency` for one within another): of a list, in each of
    its items. Empty where there is none."""
    return list(_at(args, name.split(".")))


def each(value: Any) -> Sequence[Any]:
    """The items of a list; any other value by itself."""
    many = isinstance(value, Sequence) and not isinstance(value, str)
    return value if many else [value]


def folded(text: str) -> str:
    """Without case and compatibility forms: nobody gets past a rule by another spelling."""
    return (text if text.isascii() else unicodedata.normalize("NFKC", text)).casefold()


def text_of(value: Any) -> str:
    """A value as people write it in the file: `true`, `3`, text as it stands."""
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)


def _at(value: Any, keys: Sequence[str]) -> Iterator[Any]:
    if not keys:
        yield value
    elif isinstance(value, Mapping):
        if keys[0] in value:
            yield from _at(value[keys[0]], keys[1:])
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from _at(item, keys)
