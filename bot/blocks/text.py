"""Text that shows exactly what it holds: nothing hidden, nothing that Slack would act on."""

from __future__ import annotations

import re
import unicodedata

#: Letters and symbols that are drawn as nothing although Unicode does not call them format
#: characters: fillers, variation selectors, the blank Braille cell.
_BLANK = frozenset({0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0}).union(
    range(0x180B, 0x1810), range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0)
)
#: Cyrillic and Greek letters that are drawn like a Latin one (unicode.org/reports/tr39), by code.
_LOOKALIKE = frozenset(
    map(
        chr,
        [
            *(0x0405, 0x0406, 0x0408, 0x0410, 0x0412, 0x0415, 0x041A, 0x041C, 0x041D, 0x041E),
            *(0x0420, 0x0421, 0x0422, 0x0423, 0x0425, 0x0430, 0x0435, 0x043E, 0x0440, 0x0441),
            *(0x0443, 0x0445, 0x0455, 0x0456, 0x0458, 0x04AE, 0x04BB, 0x04C0, 0x04CF, 0x0501),
            *(0x051A, 0x051B, 0x051C, 0x051D, 0x037F, 0x0391, 0x0392, 0x0395, 0x0396, 0x0397),
            *(0x0399, 0x039A, 0x039C, 0x039D, 0x039F, 0x03A1, 0x03A4, 0x03A5, 0x03A7, 0x03B1),
            *(0x03B9, 0x03BA, 0x03BD, 0x03BF, 0x03C1, 0x03C5, 0x03F2, 0x03F3, 0x03F9),
        ],
    )
)
_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile(r"[A-Za-z]")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
#: Opens our own notation, so it is written in it too: what is shown can be read back.
_MARK = "⟨"
_INERT = {ord("*"): "∗", ord("~"): "∼", ord("`"): "ˋ"}  # noqa: RUF001


def visible(text: str, *, keep: str = " \n") -> str:
    """The text with every invisible or direction-changing character written as `⟨U+202E⟩`, and so
    every letter that would pass for a Latin one in a Latin word. A word of another script as a
    whole stays as it is: it is how its people write.

    One to one: two different texts are never the same in this notation.
    """
    shown = "".join(c if c in keep else _spelled(c) for c in text)
    return shown if shown.isascii() else _WORD.sub(_unmixed, shown)


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


def _unmixed(word: re.Match[str]) -> str:
    if not _LATIN.search(word[0]):
        return word[0]
    return "".join(f"⟨U+{ord(c):04X}⟩" if c in _LOOKALIKE else c for c in word[0])


def _spelled(char: str) -> str:
    code = ord(char)
    hidden = char == _MARK or code in _BLANK or unicodedata.category(char) in _HIDDEN
    return f"⟨U+{code:04X}⟩" if hidden else char
