"""One pass over a line: at each place the first rule that matches makes the HTML.

A rule's expression consumes up to its own closing mark, so a pass costs time linear in the text,
and since a rule's inside cannot hold its own mark again, nesting ends by itself.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from markupsafe import Markup, escape

Make = Callable[[str], Markup]


@dataclass(frozen=True)
class Rules:
    """`pattern` is an alternation of named groups; `make[name]` renders what that group caught."""

    pattern: re.Pattern[str]
    make: Mapping[str, Make]
    text: Callable[[str], str]


def apply(rules: Rules, text: str) -> Markup:
    parts: list[Markup] = []
    at = 0
    for found in rules.pattern.finditer(text):
        parts.append(escape(rules.text(text[at : found.start()])))
        parts.append(rules.make[found.lastgroup or ""](found.group()))
        at = found.end()
    parts.append(escape(rules.text(text[at:])))
    return Markup().join(parts)


def marked(name: str, mark: str) -> str:
    """Expression of `mark`words`mark`, as Slack and Markdown have it: no space just inside,
    no word character just outside."""
    char, sign = re.escape(mark[0]), re.escape(mark)
    inside = rf"[^\s{char}](?:[^{char}\n]*[^\s{char}])?"
    return rf"(?P<{name}>(?<![\w{char}]){sign}{inside}{sign}(?![\w{char}]))"
