"""A digest: our own text about many actions, so it is Markdown like an answer, without a footer."""

from __future__ import annotations

from bot.blocks.answer import Answer
from bot.blocks.answer import build as build_answer
from bot.blocks.parts import Message


def build(text: str) -> list[Message]:
    """One message per piece of the text."""
    return build_answer(Answer(text=text, footer=False))
