"""A model's Markdown, made harmless and cut into messages that Slack accepts."""

from __future__ import annotations

import re

from bot.blocks.text import visible

#: Below Slack's 12,000 for all markdown blocks of one message, with room for a fence reopened.
PIECE = 11_000
#: Spaces, and what emoji are put together with.
_KEPT = " \n\u00a0\u202f\u200d\ufe0f"
#: `[1]: https://…`, which says where `[words][1]` leads (spec.commonmark.org).
_NAMED_LATER = re.compile(r"^([ >]*)\[([^\]\n]+)\]:", re.MULTILINE)
_FENCE = re.compile(r"^(```+|~~~+)(.*)$")


def harmless(text: str) -> str:
    """No broadcast or mention is triggered, no picture loaded, nothing invisible is kept, and a
    link shows where it leads.

    The text is a model's, and may repeat a letter: `<!channel>` shows as typed, and of a picture or
    a link with other words on it both stand there, the words and the address.
    """
    text = visible(text.replace("\r\n", "\n").replace("\t", "    "), keep=_KEPT)
    text = re.sub(r"<(?=[!@#])", "&lt;", text).replace("![", "[").replace("](", "] (")
    return _NAMED_LATER.sub(r"\1[\2] :", text)


def split(text: str, size: int = PIECE) -> list[str]:
    """Pieces of at most `size` characters, cut between paragraphs where possible, else between
    lines, else anywhere; a code fence that is cut is closed and opened again."""
    pieces: list[str] = []
    rest, opening = text, ""
    while True:
        room = size - len(opening) - 8
        if len(opening) + len(rest) <= size:
            return [*pieces, opening + rest] if rest or not pieces else pieces
        head, rest = _cut(rest, room)
        head = opening + head
        fence = _open_fence(head)
        pieces.append(f"{head}\n{_closing(fence)}" if fence else head)
        opening = f"{fence}\n" if fence else ""


def _cut(text: str, room: int) -> tuple[str, str]:
    for separator in ("\n\n", "\n", " "):
        at = text.rfind(separator, room // 2, room)
        if at > 0:
            return text[:at], text[at + len(separator) :]
    return text[:room], text[room:]


def _open_fence(text: str) -> str:
    """The opening line of a fence that is still open at the end of the text, or nothing."""
    opened = ""
    for line in text.splitlines():
        match = _FENCE.match(line)
        if match and not opened:
            opened = line[:60]
        elif match and line.startswith(_closing(opened)) and not match[2].strip():
            opened = ""
    return opened


def _closing(opening: str) -> str:
    match = _FENCE.match(opening)
    return match[1] if match else ""
