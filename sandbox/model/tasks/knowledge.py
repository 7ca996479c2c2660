"""Documents and notes."""

from __future__ import annotations

import re

from sandbox.model.results import rows, said, text
from sandbox.model.scene import Scene, Task, ask, failed, found, one, unread
from sandbox.model.wording import closest_sentences, first_sentences, keywords

_REMEMBER = re.compile(
    r"^(?:remember|keep in mind|note down|note|make a note|save a note)\b"
    r"(?:\s+(?:that|of|down))?[:,]?\s*(?P<what>.+)",
    re.I | re.S,
)
_RECALL = re.compile(r"\b(?:about|on|recall|remember|know)\s+(?P<what>(?!about\b).+)", re.I)
_FORGET = re.compile(
    r"\b(?:about|that|what|on|notes?)\s+(?P<what>(?!(?:about|that|on)\b).+)", re.I | re.S
)
_NOISE = {
    "document",
    "documents",
    "search",
    "find",
    "show",
    "tell",
    "open",
    "read",
    "work",
    "works",
}


def documents(scene: Scene, request: str) -> Task:
    """What a document says: found by its words, answered in its own sentences."""
    words = [word for word in keywords(request) if word not in _NOISE]
    if not words:
        return ask("Which document do you mean, or what shall I look for?")
    hits = yield from one("documents_search", query=" ".join(words), limit=5)
    if hits.failure:
        return unread(hits)
    listed = rows(hits.value)
    if not listed:
        return found("I found no document about that.", hits)
    best = listed[0]
    name = said(best, "name", "document", "path", "title", "id")
    # A contract is cited by its page; a text of one page needs none.
    page = best.get("page") if name.lower().endswith(".pdf") else None
    document = yield from one("documents_read", name=name, page=page)
    if document.failure:
        return unread(document)
    content = said(document.value, "text", "content", "body") or text(document.value)
    content = re.sub(r"(?m)^#+ .*$", "", content)  # a heading says nothing of its own
    lines = closest_sentences(content, request, 3) or [first_sentences(content, 2)]
    return found(f"{name} says: {' '.join(lines)}", document)


def remember(scene: Scene, request: str) -> Task:
    """Keep a sentence."""
    match = _REMEMBER.match(request)
    if not match or len(match["what"].split()) < 2:
        return ask("What should I remember? Tell me the whole sentence.")
    kept = match["what"].strip().strip('"“”')
    result = yield from one("remember", text=kept)
    return failed(result) if result.failure else found(f"I will remember: {kept}", result)


def recall(scene: Scene, request: str) -> Task:
    """What was kept about something."""
    match = _RECALL.search(request)
    query = match["what"].strip(" ?.!") if match else ""
    if not query:
        return ask("What shall I recall? Tell me about whom or what.")
    result = yield from one("recall", query=query, limit=5)
    if result.failure:
        return unread(result)
    lines = [_note_line(row) for row in rows(result.value) if _note_text(row)]
    if not lines:
        return found(f"I remember nothing about {query}.", result)
    return found("I remember:\n" + "\n".join(f"- {line}" for line in lines), result)


def forget(scene: Scene, request: str) -> Task:
    """Delete a note: it is found first, and only a single one is deleted."""
    match = _FORGET.search(request)
    query = match["what"].strip(' ?.!"“”') if match else ""
    if not query:
        return ask("Which note shall I forget? Tell me what it is about.")
    hits = yield from one("recall", query=query, limit=5)
    if hits.failure:
        return failed(hits)
    words = keywords(query)
    fitting = [r for r in rows(hits.value) if all(w[:5] in _note_text(r).lower() for w in words)]
    if len(fitting) != 1:
        options = "; ".join(_note_text(row) for row in fitting or rows(hits.value))
        return ask(
            f"Which note do you mean: {options}?" if options else "I know no such note. Which?"
        )
    result = yield from one("forget", note_id=said(fitting[0], "note_id", "id"))
    return (
        failed(result) if result.failure else found(f"Forgotten: {_note_text(fitting[0])}", result)
    )


def _note_text(row: dict[str, object]) -> str:
    return said(row, "text", "note", "content")


def _note_line(row: dict[str, object]) -> str:
    """A note is somebody's words, quoted with who said it and when."""
    by = ", ".join(bit for bit in (said(row, "author"), said(row, "at")[:10]) if bit)
    old = " (past its time: check it)" if row.get("past_its_time") is True else ""
    return f"“{_note_text(row)}”" + (f" ({by})" if by else "") + old
