"""The question after an attempt nobody can tell the end of: did it happen?"""

from __future__ import annotations

from dataclasses import dataclass

from bot.blocks.limits import FALLBACK, SECTION
from bot.blocks.parts import Message, actions, button, literal, rich, run
from bot.blocks.text import cut, escape, one_line, titled


@dataclass(frozen=True)
class Question:
    action_id: str
    title: str
    #: How to find out by hand: where to look.
    look: str
    #: Who may answer, in words.
    who: str
    closed: str | None = None
    #: Whether I can look it up once more, and what the last look came to.
    can_look: bool = False
    looked: str = ""
    #: From when on it can be said that it did not happen, as words; empty for at once.
    no_from: str = ""
    #: What cannot go on before this is answered, as a sentence; empty for nothing.
    waits: str = ""


def build(question: Question) -> Message:
    title = titled(question.title)
    if question.closed is not None:
        text = f"{title}: {one_line(question.closed)}"
        return Message(
            cut(escape(text), FALLBACK),
            (
                rich(run(title, bold=True)),
                literal(cut(one_line(question.closed, 2_000), SECTION) or "Settled."),
            ),
        )
    told = (
        "I sent this and then lost the connection, so I do not know whether it happened. "
        f"I will not try again by myself. {one_line(question.look)} {one_line(question.who)}"
    )
    if question.no_from:
        told = (
            f"{told} It may still be at work on it: that it did not happen can be said from "
            f"{question.no_from} on."
        )
    if question.waits:
        told = f"{told} {one_line(question.waits)}"
    if question.looked:
        told = f"{told} {one_line(question.looked)}"
    buttons = (
        button("It happened", "happened", question.action_id),
        *(
            ()
            if question.no_from
            else (button("It did not happen", "not_happened", question.action_id),)
        ),
        *([button("Look again", "look", question.action_id)] if question.can_look else ()),
    )
    return Message(
        cut(escape(f"Did this happen? {title}"), FALLBACK),
        (
            rich(run(f"Did this happen? {title}", bold=True)),
            literal(cut(told, SECTION)),
            actions(*buttons),
        ),
    )
