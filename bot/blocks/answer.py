"""Answers, notices and digests: Markdown in, one or more messages out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.blocks.limits import FALLBACK, SECTION
from bot.blocks.markdown import harmless, split
from bot.blocks.parts import Block, Message, Press, actions, context, pressed
from bot.blocks.tables import one_each
from bot.blocks.text import cut, escape, words

_SOURCES = 10
_UNDONE = 4
_REFUSED = 4
#: How the log begins what is said here already.
_SAID = "Not allowed: "
#: The practice workspace's pattern matcher (config/models.yaml): no answer of it passes for more.
_REHEARSAL = "rehearsal-"


@dataclass(frozen=True)
class Answer:
    """`story` is the id the [Story] button carries: the turn's; None where there is none."""

    text: str
    sources: tuple[str, ...] = ()
    #: Millionths of a US dollar; None where the model's price is not known.
    cost_micros: int | None = None
    #: The name of the model that wrote it.
    model: str = ""
    story: str | None = None
    #: Whether cost and sources are told at all: not for notices.
    footer: bool = True
    #: What may be undone, or was: a line each, with its button.
    undo: tuple[tuple[str, Press | None], ...] = ()
    #: What was refused without asking anybody, and why.
    refused: tuple[tuple[str, str], ...] = ()


def build(answer: Answer) -> list[Message]:
    """One message per piece of the text; sources, cost and [Story] stand under the last one."""
    parts = one_each(_words(answer.text))
    pieces = [piece for part in parts for piece in split(part) if piece.strip()]
    messages = [_message(piece, ()) for piece in pieces[:-1]]
    return [*messages, _message(pieces[-1], _footer(answer))]


def build_notice(text: str) -> Message:
    """A short word of ours: it may hold a person's words, so it is Markdown made harmless too."""
    return _message(split(_words(text).strip())[0], ())


def _words(text: str) -> str:
    shown = harmless(text)
    return shown if shown.strip() else "(no text)"


def cost_words(cost_micros: int | None, model: str) -> str:
    if cost_micros is None:
        return "cost: unknown"
    if cost_micros == 0:
        return "rehearsal model, no cost" if model.startswith(_REHEARSAL) else "no cost"
    return f"cost: ${cost_micros / 1_000_000:.4f}"


def _message(text: str, footer: Sequence[Block]) -> Message:
    block: Block = {"type": "markdown", "text": text}
    return Message(cut(escape(text.replace("&lt;", "<")), FALLBACK), (block, *footer))


def _footer(answer: Answer) -> tuple[Block, ...]:
    if not answer.footer:
        return ()
    shown = [words(source) for source in answer.sources[:_SOURCES]]
    more = len(answer.sources) - len(shown)
    sources = "; ".join(shown) + (f" and {more} more" if more > 0 else "")
    label = "Source" if len(answer.sources) == 1 else "Sources"
    line = f"{label}: {sources} · " if sources else ""
    blocks: tuple[Block, ...] = (
        context(cut(line + cost_words(answer.cost_micros, answer.model), SECTION)),
    )
    undo = answer.undo[:_UNDONE]
    presses = [press for _, press in undo if press is not None]
    if len(presses) > 1:
        # Slack takes an action id once in a block; and each button stands under what it is about.
        blocks = (*(block for each in undo for block in _undoable(*each)), *blocks)
        presses = []
    elif undo:
        blocks = (context(cut(" · ".join(words(said) for said, _ in undo), SECTION)), *blocks)
    refused = "\n".join(_refusal(*each) for each in answer.refused[:_REFUSED])
    if refused:
        blocks = (context(cut(refused, SECTION)), *blocks)
    if answer.story:
        presses.append(Press("Story", "story", answer.story))
    return (*blocks, actions(*map(pressed, presses))) if presses else blocks


def _undoable(said: str, press: Press | None) -> tuple[Block, ...]:
    line = context(words(said))
    return (line,) if press is None else (line, actions(pressed(press)))


def _refusal(title: str, why: str) -> str:
    why = words(why.removeprefix(_SAID)).rstrip(".")
    because = f" Why: {why}." if why else ""
    return f"Refused: {words(title)}.{because}"
