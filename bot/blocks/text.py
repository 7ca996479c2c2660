"""Text that shows exactly what it holds: nothing hidden, nothing that Slack would act on."""

from __future__ import annotations

import unicodedata

#: Letters and symbols that are drawn as nothing although Unicode does not call them format
#: characters: fillers, variation selectors, the blank Braille cell.
_BLANK = frozenset({0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0}).union(
    range(0x180B, 0x1810), range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0)
)
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
#: Opens our own notation, so it is written in it too: what is shown can be read back.
_MARK = "⟨"
_INERT = {ord("*"): "∗", ord("~"): "∼", ord("`"): "ˋ"}  # noqa: RUF001


def visible(text: str, *, keep: str = " \n") -> str:
    """The text with every invisible or direction-changing character written as `⟨U+202E⟩`.

    One to one: two different texts never look the same in this notation.
    """
    return "".join(c if c in keep else _spelled(c) for c in text)


def titled(text: str) -> str:
    """The text on one line, as a heading that is never empty."""
    return one_line(text).strip() or "(without a name)"


def one_line(text: str, limit: int = 200) -> str:
    """The text made visible on one line, cut after `limit` characters with an ellipsis."""
    line = " ".join(text.split())
    return visible(line if len(line) <= limit else line[: limit - 1] + "…")


def escape(text: str) -> str:
    """For mrkdwn: no link, mention or broadcast can start (docs.slack.dev, escaping text)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def words(text: str) -> str:
    """A value within a mrkdwn sentence: visible, escaped, its mark-up characters inert."""
    # Look-alikes that Slack does not act upon, and that stay readable.
    return escape(one_line(text)).translate(_INERT)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, the last one an ellipsis where something was left out."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _spelled(char: str) -> str:
    code = ord(char)
    hidden = char == _MARK or code in _BLANK or unicodedata.category(char) in _HIDDEN
    return f"⟨U+{code:04X}⟩" if hidden else char
