"""Small texts: first sentences, closest sentences, keywords."""

from __future__ import annotations

import re

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"“])|\n{2,}|\n(?=[-*#])")
_STOP = frozenset(
    re.findall(
        r"\w+",
        "the a an of to in on for and or is are be do does what which how about say says said our "
        "we i it its with from by at as that this there my me you your when who can could should "
        "will",
    )
)


def sentences(text: str) -> list[str]:
    """Sentences or list lines, whitespace tidied, empty ones left out."""
    parts = (" ".join(part.split()) for part in _SENTENCE_END.split(text))
    return [part for part in parts if part]


def first_sentences(text: str, count: int) -> str:
    """The first `count` sentences."""
    return " ".join(sentences(text)[:count])


def keywords(text: str) -> list[str]:
    """Lower-case words that carry meaning, in order."""
    return [w for w in re.findall(r"[\w-]+", text.lower()) if w not in _STOP and len(w) > 1]


def closest_sentences(text: str, query: str, count: int) -> list[str]:
    """The sentences that share most word stems with the query, in text order; [] if none."""
    wanted = {_stem(word) for word in keywords(query)}
    scored = [
        (len(wanted & {_stem(word) for word in keywords(sentence)}), -index, sentence)
        for index, sentence in enumerate(sentences(text))
    ]
    best = sorted((item for item in scored if item[0]), reverse=True)[:count]
    return [sentence for _, _, sentence in sorted(best, key=lambda item: -item[1])]


def _stem(word: str) -> str:
    return word[:5]
