"""Tables in an answer: Slack takes one per message, of bounded size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt

#: Of one table, its header row counted (https://docs.slack.dev/reference/block-kit/blocks/table-block).
ROWS, COLUMNS = 100, 20
_MARKDOWN = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class _Table:
    """Lines `start` to before `end`; the row of dashes is one of them."""

    start: int
    end: int
    columns: int

    @property
    def fits(self) -> bool:
        return self.end - self.start - 1 <= ROWS and self.columns <= COLUMNS


def one_each(text: str) -> list[str]:
    """The text in pieces with at most one table each, cut before the second, the third, …

    A table larger than Slack takes stands as code, where its columns still line up.
    """
    lines = text.split("\n")
    for table in reversed(list(_tables(text))):
        if not table.fits:
            lines[table.start : table.end] = ["```", *lines[table.start : table.end], "```"]
    cuts = [table.start for table in _tables("\n".join(lines))][1:]
    ends = [*cuts, len(lines)]
    return ["\n".join(lines[start:end]) for start, end in zip([0, *cuts], ends, strict=True)]


def _tables(text: str) -> Iterator[_Table]:
    opened, columns = None, 0
    for token in _MARKDOWN.parse(text):
        if token.type == "table_open" and token.map and token.level == 0:
            opened, columns = token.map, 0
        elif token.type == "th_open":
            columns += 1
        elif token.type == "table_close" and opened:
            yield _Table(opened[0], opened[1], columns)
            opened = None
