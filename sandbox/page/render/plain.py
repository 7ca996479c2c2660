"""plain_text objects: no formatting but emoji and line breaks."""

from markupsafe import Markup

from sandbox.page.render.emoji import with_emoji
from sandbox.page.render.html import lines


def plain(text: str) -> Markup:
    return lines(with_emoji(text))
