"""Tables: written in Markdown, or given as a block. The first row is the header."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from sandbox.page.render.html import lines as with_breaks
from sandbox.page.render.html import tag
from sandbox.page.render.rich_text import rich_text
from sandbox.page.render.spans import spans
from sandbox.page.render.viewer import Viewer
from sandbox.slack.blocks.markdown_tables import cells, end_of, is_table

__all__ = ["is_table", "table", "table_block"]
_SIDES = {"center": "middle", "right": "end"}


def table(lines: list[str], at: int, viewer: Viewer) -> tuple[Markup, int]:
    """The Markdown table that starts at line `at`, and the line after it."""
    end = end_of(lines, at)
    sides = [_side(cell) for cell in cells(lines[at + 1])]
    rows = [[spans(cell, viewer) for cell in cells(line)] for line in lines[at + 2 : end]]
    return _table([spans(cell, viewer) for cell in cells(lines[at])], rows, sides), end


def table_block(block: Mapping[str, Any], viewer: Viewer) -> Markup:
    """Safe HTML of a table block."""
    rows = [[_cell(cell, viewer) for cell in row] for row in block.get("rows") or [[]]]
    width = max(len(row) for row in rows)
    settings = [setting or {} for setting in block.get("column_settings") or ()]
    sides = [_SIDES.get(str(setting.get("align")), "") for setting in settings[:width]]
    head, *body = rows
    return _table(head, body, sides + [""] * (width - len(sides)))


def _table(head: list[Markup], body: Sequence[list[Markup]], sides: list[str]) -> Markup:
    """As many columns as `sides`: short rows are filled up, long ones cut."""
    rows = Markup().join(_row("td", row, sides) for row in body)
    whole = tag("table", tag("thead", _row("th", head, sides)) + tag("tbody", rows))
    return tag("div", whole, "table-scroll")


def _row(kind: str, row: list[Markup], sides: list[str]) -> Markup:
    full = (row + [Markup()] * len(sides))[: len(sides)]
    made = [tag(kind, cell, side) for cell, side in zip(full, sides, strict=True)]
    return tag("tr", Markup().join(made))


def _cell(cell: Mapping[str, Any], viewer: Viewer) -> Markup:
    if cell.get("type") == "rich_text":
        return rich_text(cell, viewer)
    return with_breaks(str(cell.get("text", "")))


def _side(dashes: str) -> str:
    if dashes.endswith(":"):
        return "middle" if dashes.startswith(":") else "end"
    return ""
