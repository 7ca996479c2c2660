"""What a request asks for: its clauses with their intents, and why a write is held back.

A write is understood only as an order given to the assistant. Quoted words, reported speech,
questions, negations and conditions hold every write of the request back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sandbox.model import phrases

WRITES = frozenset(intent for intent, _ in phrases.ORDERS_TO_ACT)
#: Their days say when something takes place, not when to act.
_TIMED = frozenset({"meeting_create", "meeting_move", "meeting_cancel", "remember", "forget"})
_BODIES = frozenset({"mail_send", "reply", "remember"})
_QUOTED = re.compile(r"[\"“][^\"”]*(?:[\"”]|$)|`[^`]*(?:`|$)|(?m:^\s*(?:>|&gt;).*$)")
_SENTENCE = re.compile(r"(?<!\bno)(?<!\bnr)(?<!\ba\.m)(?<!\bp\.m)[.!?;]+\s+|\n+", re.IGNORECASE)
_JOINED = re.compile(
    r"(?:,\s*(?:and|then|but)?|\s(?:and then|and also|and|then|also|plus|but))\s+"
    r"(?:(?:please|then|also)\s+)*"
    rf"(?={phrases.VERBS}\b)",
    re.IGNORECASE,
)
_BODY_STARTS = re.compile(
    r"\b(?:saying|say|telling|tell|that|body|text|message|subject|to let|letting)\b|:\s",
    re.IGNORECASE,
)
_REASON = re.compile(r"\b(?:because|since|due to|reason)\b", re.IGNORECASE)
_WHY = {
    "negated": "I read a “not” in that, so I changed nothing.",
    "conditional": "I cannot weigh conditions or choices, so I changed nothing.",
    "once": "I do things once and now, not later or again and again, so I changed nothing.",
    "doubtful": "I read that as a question, so I changed nothing.",
    "reported": "I read that as somebody's words rather than your request, so I changed nothing.",
}


@dataclass(frozen=True)
class Clause:
    """One thing asked for; `text` has politeness stripped."""

    intent: str
    text: str


@dataclass(frozen=True)
class Understood:
    """`held` says why the writes among `clauses` must not happen; empty means they may."""

    clauses: tuple[Clause, ...]
    held: str


@dataclass(frozen=True)
class _Fragment:
    text: str
    masked: str
    starts_sentence: bool
    after_colon: bool


def understand(request: str) -> Understood:
    """Split a request into clauses and find the intent of each; unknown ones are left out."""
    clauses: list[Clause] = []
    doubts = ["reported"] if phrases.LETTER.match(request) else []
    spoken_to = True
    for fragment in _fragments(request):
        stripped, masked = _strip(fragment.text), _strip(fragment.masked)
        intent = _intent(fragment, stripped, masked)
        doubt = _doubt(fragment, intent, masked)
        if fragment.starts_sentence:
            spoken_to = intent in WRITES or bool(phrases.SPOKEN_TO.search(masked))
        elif intent in WRITES and not spoken_to:
            doubt = doubt or "reported"
        if doubt:
            doubts.append(doubt)
        if intent:
            clauses.append(Clause(intent, stripped))
    return Understood(tuple(clauses), _WHY[doubts[0]] if doubts else "")


def _intent(fragment: _Fragment, stripped: str, masked: str) -> str | None:
    for intent, pattern in phrases.ORDERS_TO_ACT:
        if pattern.match(masked):
            return intent
    if phrases.NEGATED.search(masked) and "?" not in masked:
        return "negated"
    for intent, pattern in phrases.QUESTIONS:
        if pattern.search(stripped or fragment.text) or pattern.search(fragment.text.strip()):
            return intent
    return None


def _doubt(fragment: _Fragment, intent: str | None, masked: str) -> str | None:
    head = _head(masked, intent)
    if phrases.NEGATED.search(head):
        return "negated"
    if phrases.CONDITIONAL.search(head) and (intent in WRITES or not _is_question(head)):
        return "conditional"
    if phrases.DOUBTFUL.search(head):
        return "doubtful"
    if intent not in WRITES:
        return None
    if fragment.after_colon:
        return "reported"
    later = intent not in _TIMED and phrases.LATER.search(head)
    if later or phrases.REPEATED.search(head):
        return "once"
    asked = "?" in head and not phrases.ASKED_NICELY.search(fragment.text)
    return "doubtful" if asked else None


def _head(masked: str, intent: str | None) -> str:
    """The part that guards look at: before free text, which may say anything."""
    stop = phrases.FREE_TEXT if intent in WRITES - {"refund", "restock"} else _REASON
    found = stop.search(masked)
    return masked[: found.start()] if found else masked


def _is_question(head: str) -> bool:
    return "?" in head or bool(re.match(r"(?:when|whether|where|what|who|how|which)\b", head, re.I))


def _strip(text: str) -> str:
    text = text.strip(" ,\t\n")
    while match := phrases.POLITE.match(text):
        text = text[match.end() :]
    return text


def _fragments(request: str) -> list[_Fragment]:
    masked = _QUOTED.sub(lambda m: '"' * len(m[0]), request)
    cuts = [(0, 0, True)]
    cuts += [(m.start(), m.end(), True) for m in _SENTENCE.finditer(masked)]
    cuts += [(m.start(), m.end(), False) for m in _JOINED.finditer(masked)]
    cuts.sort()
    cuts.append((len(request), len(request), True))
    found: list[_Fragment] = []
    index = 0
    while index < len(cuts) - 1:
        start, sentence = cuts[index][1], cuts[index][2]
        last = _last_cut(request, masked, cuts, index)
        # The mark that ends a sentence stays with it: a question is known by it.
        end = cuts[last][0] + (1 if cuts[last][2] else 0)
        before = masked[:start].rstrip()
        text = request[start:end]
        if text.strip(" .!?;,\n"):
            found.append(_Fragment(text, masked[start:end], sentence, before.endswith(":")))
        index = last
    return found


def _last_cut(request: str, masked: str, cuts: list[tuple[int, int, bool]], index: int) -> int:
    """Where this fragment ends: a mail's or a note's text takes the rest, unless it is quoted."""
    start, end = cuts[index][1], cuts[index + 1][0]
    head = _strip(masked[start:end])
    intent = next((i for i, p in phrases.ORDERS_TO_ACT if p.match(head)), None)
    if intent not in _BODIES:
        return index + 1
    said_next = _strip(masked[end : end + 40].lstrip(" .!;\n"))
    has_body = _BODY_STARTS.search(head) or _BODY_STARTS.match(said_next) or intent == "remember"
    if not has_body or '""' in masked[start:end]:
        return index + 1
    return len(cuts) - 1
