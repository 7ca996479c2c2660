"""A letter's bytes as plain text: headers decoded, HTML stripped, everything bounded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser

_MOST_TEXT = 20_000
_MOST_HEADER = 300
_SILENT = {"script", "style", "head", "title", "template"}
_BREAKS = {"p", "br", "div", "li", "tr", "h1", "h2", "h3", "h4", "table", "blockquote"}


@dataclass(frozen=True)
class Letter:
    """`date` is ISO 8601 in UTC, or empty when the letter has none that can be read."""

    sender: str
    to: str
    subject: str
    date: str
    text: str
    truncated: bool
    attachments: tuple[str, ...]


def read_letter(content: bytes) -> Letter:
    """Never raises for broken mail: what cannot be read is left empty."""
    message = message_from_bytes(content, policy=default)
    text = _body(message)
    return Letter(
        sender=_header(message, "From"),
        to=_header(message, "To"),
        subject=_header(message, "Subject"),
        date=_date(message),
        text=text[:_MOST_TEXT],
        truncated=len(text) > _MOST_TEXT,
        attachments=tuple(
            (part.get_filename() or "unnamed")[:_MOST_HEADER]
            for part in message.walk()
            if part.get_content_disposition() == "attachment"
        ),
    )


def strip_html(markup: str) -> str:
    """The words of a page, hidden ones included: what is hidden must be seen to be distrusted."""
    stripper = _Stripper()
    stripper.feed(markup)
    stripper.close()
    lines = (" ".join(line.split()) for line in "".join(stripper.parts).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Stripper(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BREAKS:
            self.parts.append("\n")
        elif tag == "td":
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT and self._silent:
            self._silent -= 1
        elif tag in _BREAKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def _body(message: EmailMessage) -> str:
    """The plain text and the HTML, where both say different things; else the one there is."""
    plain = _texts(message, "text/plain")
    shown = strip_html(_texts(message, "text/html"))
    if not shown or shown.split() == plain.split():
        return plain.strip()
    if not plain.strip():
        return shown
    return f"{plain.strip()}\n\n[The same letter, formatted:]\n{shown}"


def _texts(message: EmailMessage, kind: str) -> str:
    parts = [
        part
        for part in message.walk()
        if part.get_content_type() == kind and part.get_content_disposition() != "attachment"
    ]
    return "\n".join(_decoded(part) for part in parts)


def _decoded(part: EmailMessage) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    try:
        return content.decode(part.get_content_charset() or "utf-8", errors="replace")
    except LookupError:
        return content.decode("utf-8", errors="replace")


def _header(message: EmailMessage, name: str) -> str:
    try:
        value = str(message.get(name, ""))
    except (ValueError, IndexError, AttributeError):  # broken headers break the parser itself
        value = ""
    return " ".join(value.split())[:_MOST_HEADER]


def _date(message: EmailMessage) -> str:
    try:
        at = parsedate_to_datetime(_header(message, "Date"))
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (ValueError, TypeError, OverflowError):
        return ""
