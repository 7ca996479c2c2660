"""A rule's `when`: compiled once, its names checked, so that a slip stops the start."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import cel

from approvals.policy.cases import CEL_NAMES
from core.configfile import ConfigFile, Place

_FUNCTIONS = frozenset(
    [
        "size",
        "contains",
        "startsWith",
        "endsWith",
        "matches",
        "has",
        "all",
        "exists",
        "exists_one",
        "map",
        "filter",
        "int",
        "uint",
        "double",
        "string",
        "bytes",
        "bool",
        "type",
        "duration",
        "timestamp",
        "min",
        "max",
        "getHours",
        "getMinutes",
    ]
)


@dataclass(frozen=True)
class Condition:
    """A condition over values of one's own, for other files than the policy."""

    program: cel.Program

    def holds(self, values: Mapping[str, Any]) -> bool | None:
        """None where it cannot be told of these values."""
        try:
            value = self.program.execute(cel.Context(dict(values)))
        except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError):
            return None
        return value if isinstance(value, bool) else None


def condition(
    file: ConfigFile, place: Place, text: str | None, names: Collection[str]
) -> Condition | None:
    """The same over these names. Raises `ConfigError` as `compiled` does."""
    program = compiled(file, place, text, names)
    return None if program is None else Condition(program)


def compiled(
    file: ConfigFile, place: Place, text: str | None, names: Collection[str] = CEL_NAMES
) -> cel.Program | None:
    """The condition, compiled once. Raises `ConfigError` for what could never be true or false."""
    if text is None:
        return None
    try:
        program = cel.compile(text)
    except ValueError as error:
        detail = str(error).split("ERROR: ")[-1].splitlines()[0]
        raise file.error(
            place, f"this condition cannot be read: {detail}", "See the CEL language, cel.dev."
        ) from error
    # Names bound by macros, like x in list.exists(x, x > 1), count as variables too.
    unknown = [n for n in program.variables() if n not in names and not _bound(text, n)]
    if unknown:
        raise file.error(
            place,
            f"this condition uses {unknown[0]!r}, which I do not know",
            f"Use one of {', '.join(names)}.",
        )
    calls = [n for n in program.functions() if n.isidentifier() and not n.startswith("_")]
    strange = [name for name in calls if name not in _FUNCTIONS]
    if strange:
        raise file.error(
            place, f"there is no function {strange[0]!r}", "See the CEL language, cel.dev."
        )
    return program


def _bound(text: str, name: str) -> bool:
    macros = r"\.(?:all|exists|exists_one|map|filter)\(\s*"
    return re.search(macros + re.escape(name) + r"\s*,", text) is not None
