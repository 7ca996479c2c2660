"""Which test proves which requirement: each line of these is named by a test that proves it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pages import ROOT

#: The lines of what the product must do about permission, acting once, and people who decide.
LINES = (
    {*range(1, 11), 34, 41, 42, *range(46, 54), *range(57, 61), *range(67, 71), 75}
    | {*range(84, 95), *range(100, 119)}
    | {142, 150, 185, 189}
)
#: Line -> why no test proves it yet.
NOT_YET: dict[int, str] = {
    115: "`signoff report figures` measures it; below 10 % is for an office in use to show",
}


def test_each_line_is_named_by_a_test_or_its_absence_explained() -> None:
    named = {int(number) for text in _docstrings() for number in re.findall(r"\bR(\d+)\b", text)}

    assert sorted(LINES - named - set(NOT_YET)) == []
    assert sorted(named & set(NOT_YET)) == []


def _docstrings() -> Iterator[str]:
    for path in (ROOT / "tests").rglob("test_*.py"):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef):
                text = ast.get_docstring(node) or ""
                # "R89 to R92" names those between as well.
                spans = re.findall(r"\bR(\d+) to R(\d+)\b", text)
                between = [n for low, high in spans for n in range(int(low), int(high) + 1)]
                yield " ".join([text, *(f"R{n}" for n in between)])
