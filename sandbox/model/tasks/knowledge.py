"""Documents and notes."""

from __future__ import annotations

import re

from sandbox.model.results import rows, said, text
from sandbox.model.scene import Scene, Task, ask, failed, found, one
from sandbox.model.wording import closest_sentences, first_sentences, keywords

_REMEMBER = re.compile(
    r"^(?:remember|keep in mind|note down|note|make a note|save a note)\b"
    r"(?:\s+(?:that|of|down))?[:,]?\s*(?P<what>.+)",
    re.I | re.S,
)
_RECALL = re.compile(r"\b(?:about|on|recall|remember|know)\s+(?P<what>(?!about\b).+)", re.I)
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
        return failed(hits)
    listed = rows(hits.value)
    if not listed:
        return found("I found no document about that.", hits)
    best = max(listed, key=lambda row: sum(w[:5] in f"{row}".lower() for w in words))
    name = said(best, "name", "document", "path", "title", "id")
    document = yield from one("documents_read", name=name)
    if document.failure:
        return failed(document)
    content = said(document.value, "text", "content", "body") or text(document.value)
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
        return failed(result)
    lines = [said(row, "text", "note", "content") for row in rows(result.value)]
    lines = [line for line in lines if line]
    if not lines:
        return found(f"I remember nothing about {query}.", result)
    return found("I remember:\n" + "\n".join(f"- {line}" for line in lines), result)
