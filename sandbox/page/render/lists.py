"""Markdown lists, nested by indentation, with task boxes."""

import re
from dataclasses import dataclass, field

from markupsafe import Markup

from sandbox.page.render.html import tag
from sandbox.page.render.spans import spans
from sandbox.page.render.viewer import Viewer

ITEM = re.compile(r"([ \t]*)([-*+]|\d{1,9}[.)])[ \t]+(?=\S)")
_TASK = re.compile(r"\[([ xX])\] ")
#: Lists within lists are shown to this depth; deeper items stand at the last level.
_DEEPEST = 6


@dataclass
class _Item:
    indent: int
    ordered: bool
    text: str
    under: "list[_Item]" = field(default_factory=list)


def items(lines: list[str], at: int, viewer: Viewer) -> tuple[Markup, int]:
    """The list that starts at line `at`, and the line after it."""
    top: list[_Item] = []
    open_items: list[_Item] = []
    while at < len(lines) and lines[at].strip():
        found = ITEM.match(lines[at])
        if found:
            _place(_item(lines[at], found), top, open_items)
        elif lines[at].startswith((" ", "\t")):
            open_items[-1].text += "\n" + lines[at].strip()
        else:
            break
        at += 1
    return _html(top, viewer), at


def _item(line: str, found: re.Match[str]) -> _Item:
    indent = len(found.group(1).expandtabs(4))
    return _Item(indent, found.group(2)[0].isdigit(), line[found.end() :].rstrip())


def _place(item: _Item, top: list[_Item], open_items: list[_Item]) -> None:
    while open_items and (open_items[-1].indent >= item.indent or len(open_items) >= _DEEPEST):
        open_items.pop()
    (open_items[-1].under if open_items else top).append(item)
    open_items.append(item)


def _html(level: list[_Item], viewer: Viewer) -> Markup:
    """One level; a change of the kind of mark starts another list."""
    made: list[Markup] = []
    at = 0
    while at < len(level):
        end = at
        while end < len(level) and level[end].ordered == level[at].ordered:
            end += 1
        rows = Markup().join(_row(item, viewer) for item in level[at:end])
        made.append(tag("ol" if level[at].ordered else "ul", rows))
        at = end
    return Markup().join(made)


def _row(item: _Item, viewer: Viewer) -> Markup:
    task = _TASK.match(item.text)
    box = ("☑ " if task.group(1) != " " else "☐ ") if task else ""
    words = item.text[task.end() :] if task else item.text
    made = Markup("<br>").join(spans(line, viewer) for line in words.split("\n"))
    return tag("li", Markup("{}{}{}").format(box, made, _html(item.under, viewer)))
