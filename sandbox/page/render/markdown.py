"""The markdown block: standard Markdown as Slack shows it, tables included.

A block parser over lines: fences, headings, rules, quotes, lists, tables, paragraphs. HTML in the
text is text. `spans` renders what stands within a line.
"""

import re
from collections.abc import Callable

from markupsafe import Markup, escape

from sandbox.page.render.html import tag
from sandbox.page.render.lists import ITEM, items
from sandbox.page.render.spans import spans
from sandbox.page.render.tables import is_table, table
from sandbox.page.render.viewer import Viewer
from sandbox.slack.blocks.markdown_tables import fence

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*)")
_RULE = re.compile(r" {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})")
_QUOTE = re.compile(r" {0,3}> ?")
#: Quotes within quotes are shown to this depth; deeper marks are shown as text.
_DEEPEST = 4

Made = tuple[Markup, int]
_Parser = Callable[[list[str], int, Viewer, int], Made | None]


def markdown(text: str, viewer: Viewer) -> Markup:
    """Safe HTML: p, h3 to h6, ul, ol, blockquote, pre, table, hr and the spans within them."""
    return _blocks(text.replace("\r\n", "\n").split("\n"), viewer, 0)


def _blocks(lines: list[str], viewer: Viewer, depth: int) -> Markup:
    made: list[Markup] = []
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        block, at = _block(lines, at, viewer, depth)
        made.append(block)
    return Markup().join(made)


def _block(lines: list[str], at: int, viewer: Viewer, depth: int) -> Made:
    for parser in _PARSERS:
        made = parser(lines, at, viewer, depth)
        if made is not None:
            return made
    return _paragraph(lines, at, viewer)


def _fence(lines: list[str], at: int, viewer: Viewer, depth: int) -> Made | None:
    mark = fence(lines[at])
    if not mark:
        return None
    end = at + 1
    while end < len(lines) and not lines[end].lstrip().startswith(mark):
        end += 1
    return tag("pre", escape("\n".join(lines[at + 1 : end]))), end + 1


def _heading(lines: list[str], at: int, viewer: Viewer, depth: int) -> Made | None:
    found = _HEADING.fullmatch(lines[at])
    if not found:
        return None
    # The page's own headings are h1 and h2.
    level = min(len(found.group(1)) + 2, 6)
    return tag(f"h{level}", spans(found.group(2).rstrip(" #"), viewer)), at + 1


def _rule(lines: list[str], at: int, viewer: Viewer, depth: int) -> Made | None:
    return (Markup("<hr>"), at + 1) if _RULE.fullmatch(lines[at]) else None


def _quote(lines: list[str], at: int, viewer: Viewer, depth: int) -> Made | None:
    if depth >= _DEEPEST or not _QUOTE.match(lines[at]):
        return None
    end = at
    inside: list[str] = []
    while end < len(lines) and (mark := _QUOTE.match(lines[end])):
        inside.append(lines[end][mark.end() :])
        end += 1
    return tag("blockquote", _blocks(inside, viewer, depth + 1)), end


def _list(lines: list[str], at: int, viewer: Viewer, depth: int) -> Made | None:
    return items(lines, at, viewer) if ITEM.match(lines[at]) else None


def _table(lines: list[str], at: int, viewer: Viewer, depth: int) -> Made | None:
    return table(lines, at, viewer) if is_table(lines, at) else None


_PARSERS: tuple[_Parser, ...] = (_fence, _heading, _rule, _quote, _list, _table)


def _paragraph(lines: list[str], at: int, viewer: Viewer) -> Made:
    end = at + 1
    while end < len(lines) and lines[end].strip() and not _starts_block(lines, end):
        end += 1
    made = [spans(line.strip(), viewer) for line in lines[at:end]]
    return tag("p", Markup("<br>").join(made)), end


def _starts_block(lines: list[str], at: int) -> bool:
    line = lines[at]
    starts = (fence, _HEADING.fullmatch, _RULE.fullmatch, _QUOTE.match, ITEM.match)
    return any(start(line) for start in starts) or is_table(lines, at)
