"""The only places where a tag or a link is made.

Every tag and attribute name is a literal of this package; every value is escaped.
"""

import re

from markupsafe import Markup, escape

from sandbox.page.render.permalinks import local
from sandbox.page.render.viewer import Viewer

#: Whatever is not on this list stays text: `javascript:`, `data:`, relative paths, ...
_SAFE_TARGET = re.compile(r"(?:https?://|mailto:)[^\s\x00-\x1f]+", re.IGNORECASE)
_HERE = Markup('<a href="{}">{}</a>')
_ANCHOR = Markup('<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>')


def tag(name: str, inner: Markup, css: str = "") -> Markup:
    """`<name class=css>inner</name>`; `inner` is already safe."""
    attributes = Markup(' class="{}"').format(css) if css else Markup()
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), attributes, inner)  # noqa: S704


def link(target: str, label: Markup, viewer: Viewer) -> Markup:
    """A link when the target is http, https or mailto; the bare label otherwise. A link to a
    message of this workspace stays on the page."""
    here = local(target, viewer)
    if here:
        return _HERE.format(here, label)
    if not _SAFE_TARGET.fullmatch(target):
        return label
    return _ANCHOR.format(target, label)


def lines(text: str) -> Markup:
    """Escaped text with its line breaks kept."""
    return Markup("<br>").join(escape(line) for line in text.split("\n"))
