"""Markdown tables: a header row, a row of dashes, body rows."""

import re

from markupsafe import Markup

from sandbox.page.render.html import tag
from sandbox.page.render.spans import spans
from sandbox.page.render.viewer import Viewer

_DASHES = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_CELL_END = re.compile(r"(?<!\\)\|")


def is_table(lines: list[str], at: int) -> bool:
    """Line `at` has cells and the line below has dashes for as many."""
    if at + 1 >= len(lines) or "|" not in lines[at] or "|" not in lines[at + 1]:
        return False
    return bool(_DASHES.fullmatch(lines[at + 1])) and len(_cells(lines[at])) == len(
        _cells(lines[at + 1])
    )


def table(lines: list[str], at: int, viewer: Viewer) -> tuple[Markup, int]:
    """The table that starts at line `at`, and the line after it."""
    sides = [_side(cell) for cell in _cells(lines[at + 1])]
    head = tag("thead", _row("th", _cells(lines[at]), sides, viewer))
    end = at + 2
    body: list[Markup] = []
    while end < len(lines) and "|" in lines[end]:
        cells = (_cells(lines[end]) + [""] * len(sides))[: len(sides)]
        body.append(_row("td", cells, sides, viewer))
        end += 1
    whole = tag("table", head + tag("tbody", Markup().join(body)))
    return tag("div", whole, "table-scroll"), end


def _cells(line: str) -> list[str]:
    row = line.strip()
    inner = row.removeprefix("|")
    if inner.endswith("|") and not inner.endswith("\\|"):
        inner = inner[:-1]
    return [cell.strip().replace("\\|", "|") for cell in _CELL_END.split(inner)]


def _side(dashes: str) -> str:
    if dashes.endswith(":"):
        return "middle" if dashes.startswith(":") else "end"
    return ""


def _row(kind: str, cells: list[str], sides: list[str], viewer: Viewer) -> Markup:
    made = [tag(kind, spans(cell, viewer), side) for cell, side in zip(cells, sides, strict=True)]
    return tag("tr", Markup().join(made))
