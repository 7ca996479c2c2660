"""Slack's mrkdwn: *bold*, _italic_, ~strike~, `code`, ```pre```, > quotes, <entities>, :emoji:.

Lists and tables do not exist in mrkdwn; Slack shows their characters as they are, and so do we.
"""

import re

from markupsafe import Markup, escape

from sandbox.page.render.emoji import SHORTCODE, emoji
from sandbox.page.render.entities import ENTITY, entity, unescape
from sandbox.page.render.html import link, tag
from sandbox.page.render.inline import Rules, apply, marked
from sandbox.page.render.viewer import Viewer

_PRE = re.compile(r"```\n?(.+?)```", re.DOTALL)
_QUOTE = re.compile(r"(?:>|&gt;) ?")
_INLINE = re.compile(
    "|".join(
        [
            r"(?P<code>`[^`\n]+`)",
            rf"(?P<entity>{ENTITY})",
            r"(?P<url>https?://[^\s<>|`]*[^\s<>|`.,;:!?)\]*_~'\"])",
            rf"(?P<emoji>{SHORTCODE})",
            marked("bold", "*"),
            marked("italic", "_"),
            marked("strike", "~"),
        ]
    )
)


def mrkdwn(text: str, viewer: Viewer) -> Markup:
    """Safe HTML of a mrkdwn text: spans, links, <pre> and <blockquote>, no other block."""
    parts = _PRE.split(text)
    made = [_pre(part) if n % 2 else _flow(part, viewer) for n, part in enumerate(parts)]
    return Markup().join(made)


def _pre(text: str) -> Markup:
    return tag("pre", escape(unescape(text.removesuffix("\n"))))


def _flow(text: str, viewer: Viewer) -> Markup:
    rules = _rules(viewer)
    made: list[Markup] = []
    quoted: list[Markup] = []
    plain: list[Markup] = []

    def close() -> None:
        if plain:
            made.append(Markup("<br>").join(plain))
        if quoted:
            made.append(tag("blockquote", Markup("<br>").join(quoted)))
        plain.clear()
        quoted.clear()

    for line in text.strip("\n").split("\n"):
        mark = _QUOTE.match(line)
        other = plain if mark else quoted
        if other:
            close()
        (quoted if mark else plain).append(apply(rules, line[mark.end() :] if mark else line))
    close()
    return Markup().join(made)


def _rules(viewer: Viewer) -> Rules:
    def inner(found: str) -> Markup:
        return apply(rules, found[1:-1])

    rules = Rules(
        _INLINE,
        {
            "code": lambda found: tag("code", escape(unescape(found[1:-1]))),
            "entity": lambda found: entity(found, viewer),
            "url": lambda found: link(unescape(found), escape(unescape(found)), viewer),
            "emoji": lambda found: escape(emoji(found)),
            "bold": lambda found: tag("strong", inner(found)),
            "italic": lambda found: tag("em", inner(found)),
            "strike": lambda found: tag("s", inner(found)),
        },
        unescape,
    )
    return rules
