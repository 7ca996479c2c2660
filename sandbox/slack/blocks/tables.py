"""The table block. https://docs.slack.dev/reference/block-kit/blocks/table-block

Tables in markdown blocks have the same size here, and count for the one that a message may have.
"""

from collections.abc import Iterator
from typing import Any

from sandbox.slack.blocks import rich
from sandbox.slack.blocks.kinds import Check, boolean, items, problem, shape, string, typed, word
from sandbox.slack.blocks.markdown_tables import sizes
from sandbox.slack.shapes import Json

MAX_ROWS, MAX_COLUMNS = 100, 20
#: All cells of a message together.
MAX_CHARACTERS = 10_000


def _number(value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, int | float) or isinstance(value, bool):
        yield problem("must be a number", at)


_cell = typed(
    "cell",
    {
        "raw_text": shape({"type": word("raw_text"), "text": string(MAX_CHARACTERS)}, {}),
        "raw_number": shape(
            {"type": word("raw_number"), "value": _number, "text": string(MAX_CHARACTERS)}, {}
        ),
        "rich_text": shape(
            {"type": word("rich_text"), "elements": items(rich.part, most=1000)},
            {"block_id": string(255)},
        ),
    },
)
_setting = shape({}, {"align": word("left", "center", "right"), "is_wrapped": boolean})


def _setting_or_none(value: Any, at: str) -> Iterator[str]:
    """None leaves a column as it is."""
    if value is not None:
        yield from _setting(value, at)


table: Check = shape(
    {
        "type": word("table"),
        "rows": items(items(_cell, most=MAX_COLUMNS), most=MAX_ROWS),
    },
    {
        "block_id": string(255),
        "column_settings": items(_setting_or_none, most=MAX_COLUMNS, least=0),
    },
)


def count(blocks: list[Json]) -> int:
    """The tables of a message, those in Markdown included."""
    written = sum(len(sizes(block["text"])) for block in blocks if block["type"] == "markdown")
    return written + sum(1 for block in blocks if block["type"] == "table")


def size_problems(blocks: list[Json], at: str) -> Iterator[str]:
    """What the shape of one block cannot say: tables in Markdown, and all cells together."""
    for index, block in enumerate(blocks):
        for rows, columns in sizes(block["text"]) if block["type"] == "markdown" else ():
            if rows > MAX_ROWS or columns > MAX_COLUMNS:
                reason = f"a table has at most {MAX_ROWS} rows and {MAX_COLUMNS} columns"
                yield problem(reason, f"{at}/{index}/text")
    if sum(_characters(block["rows"]) for block in blocks if block["type"] == "table") > (
        MAX_CHARACTERS
    ):
        yield problem(f"all cells must be less than {MAX_CHARACTERS + 1} characters", at)


def _characters(value: Any) -> int:
    """The length of every `text` within."""
    if isinstance(value, dict):
        return sum(
            len(item) if key == "text" and isinstance(item, str) else _characters(item)
            for key, item in value.items()
        )
    return sum(_characters(item) for item in value) if isinstance(value, list) else 0
