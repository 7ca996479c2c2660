"""What another system told us of and what a rule asks about it, as its turn keeps both. Pure.

The rule's words are its owner's; what the event fills into them is not, and never becomes an
instruction: a value that could be a sentence is named in the request, and stands beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

#: A field of an event may be any of these.
Scalar = str | int | float | bool
_HOLE = re.compile(r"\{([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)\}")
#: An id, a number, an address, a day: one word, which orders nothing.
_WORD = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9@._:/+#-]{0,78}[A-Za-z0-9])?")


@dataclass(frozen=True)
class Happened:
    """`fields` are those of the event that the rule's `say` names, by their dotted path."""

    rule: str
    source: str
    #: The rule's words, with `{data.order}` where a field belongs.
    say: str
    fields: Mapping[str, Scalar]

    @property
    def request(self) -> str:
        """What is put to the assistant."""
        return _HOLE.sub(lambda hole: _filled(hole[1], self.fields[hole[1]]), self.say)

    @property
    def own_words(self) -> list[str]:
        """The pieces of the request that stand in the file."""
        return [piece for piece in _HOLE.split(self.say)[::2] if piece.strip()]

    @property
    def told(self) -> str:
        """The fields, a line each."""
        return "\n".join(f"{name}: {_text(value)}" for name, value in self.fields.items())

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "fields": dict(self.fields)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Happened:
        return cls(**kept)


def holes(say: str) -> list[str]:
    """The fields these words name, each once. Raises `ValueError` where a brace opens no hole."""
    left = _HOLE.sub("", say)
    if "{" in left or "}" in left:
        raise ValueError("a hole is written {data.order}: a field's name between braces")
    return list(dict.fromkeys(_HOLE.findall(say)))


def _filled(name: str, value: Scalar) -> str:
    text = _text(value)
    return text if _WORD.fullmatch(text) else f"“{name}” of the event"


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else " ".join(str(value).split())
