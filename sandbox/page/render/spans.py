"""What stands within a line of Markdown: emphasis, code, links, Slack's entities, emoji."""

import re

from markupsafe import Markup, escape

from sandbox.page.render.emoji import SHORTCODE, emoji
from sandbox.page.render.entities import ENTITY, entity
from sandbox.page.render.html import link, tag
from sandbox.page.render.inline import Rules, apply, marked
from sandbox.page.render.viewer import Viewer

#: A target may hold one pair of parentheses; a title after it is dropped.
_TARGET = r"[^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)?"
_AFTER = r">?(?:[ \t]+[^()\n]*)?\)"
_LINK = re.compile(rf"!?\[(?P<label>[^\[\]\n]*)\]\(<?(?P<target>{_TARGET}){_AFTER}")
_ANY_LINK = rf"!?\[[^\[\]\n]*\]\(<?{_TARGET}{_AFTER}"
_INLINE = re.compile(
    "|".join(
        [
            r"(?P<literal>\\[!-/:-@\[-`{-~])",
            r"(?P<code2>``[^\n]+?``)",
            r"(?P<code>`[^`\n]+`)",
            rf"(?P<link>{_ANY_LINK})",
            rf"(?P<entity>{ENTITY})",
            r"(?P<url>https?://[^\s<>|`]*[^\s<>|`.,;:!?)\]*_~'\"])",
            rf"(?P<emoji>{SHORTCODE})",
            r"(?P<both>(?<![\w*])\*\*\*[^\s*](?:[^*\n]*[^\s*])?\*\*\*(?![\w*]))",
            r"(?P<strong>\*\*[^\s*](?:[^*\n]*[^\s*])?\*\*)",
            marked("strong2", "__"),
            marked("strike", "~~"),
            marked("bold", "*"),
            marked("italic", "_"),
        ]
    )
)


def spans(text: str, viewer: Viewer) -> Markup:
    """Safe HTML of one line of Markdown."""

    def inner(found: str, mark: int) -> Markup:
        return apply(rules, found[mark:-mark])

    def linked(found: str) -> Markup:
        parts = _LINK.fullmatch(found)
        if parts is None:
            return escape(found)
        return link(parts["target"], escape(parts["label"] or parts["target"]), viewer)

    rules = Rules(
        _INLINE,
        {
            "literal": lambda found: escape(found[1:]),
            "code2": lambda found: tag("code", escape(found[2:-2].strip())),
            "code": lambda found: tag("code", escape(found[1:-1])),
            "link": linked,
            "entity": lambda found: entity(found, viewer),
            "url": lambda found: link(found, escape(found), viewer),
            "emoji": lambda found: escape(emoji(found)),
            "both": lambda found: tag("strong", tag("em", inner(found, 3))),
            "strong": lambda found: tag("strong", inner(found, 2)),
            "strong2": lambda found: tag("strong", inner(found, 2)),
            "strike": lambda found: tag("s", inner(found, 2)),
            "bold": lambda found: tag("em", inner(found, 1)),
            "italic": lambda found: tag("em", inner(found, 1)),
        },
        str,
    )
    return apply(rules, text)
