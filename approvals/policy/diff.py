"""How one policy text differs from another, line by line, for those who read it on a card. Pure."""

from __future__ import annotations

import difflib
import re

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,\d+)? @@")
#: Unchanged lines around a change, to know where it stands.
_AROUND = 2


def line_by_line(before: str, after: str) -> str:
    """A unified diff: `-` what goes, `+` what comes, a space what stays around it, and `line 24:`
    (of the text as it is now) before each place. Empty where nothing differs.

    Every line of it begins with one of these, so no line of a text passes for another kind.
    """
    old, new = before.rstrip("\n").split("\n"), after.rstrip("\n").split("\n")
    found = list(difflib.unified_diff(old, new, n=_AROUND, lineterm=""))[2:]
    return "\n".join(_headed(line) for line in found)


def _headed(line: str) -> str:
    hunk = _HUNK.fullmatch(line)
    return line if hunk is None else f"line {max(int(hunk[1]), 1)}:"
