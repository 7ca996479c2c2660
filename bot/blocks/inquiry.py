"""A question put to the asker, in the thread they asked in, and their answer."""

from __future__ import annotations

from dataclasses import dataclass

from bot.blocks.limits import FALLBACK, SECTION
from bot.blocks.parts import Message, actions, button, context, literal, rich, run
from bot.blocks.text import cut, escape, one_line, titled, visible


@dataclass(frozen=True)
class Inquiry:
    inquiry_id: str
    title: str
    by: str
    text: str
    #: The asker's Slack id, so that they are told.
    to: str
    #: What became of it, where nobody needs to answer any more.
    closed: str | None = None


def build(inquiry: Inquiry) -> Message:
    head = f"{one_line(inquiry.by)} asks about “{titled(inquiry.title)}”"
    blocks = [rich(run(head, bold=True)), literal(cut(visible(inquiry.text), SECTION) or "…")]
    if inquiry.closed is not None:
        blocks.append(literal(cut(visible(inquiry.closed), SECTION)))
    else:
        # The one mention in our cards: an id of ours, so that the asker hears of the question.
        blocks.append(context(f"For <@{inquiry.to}>. The answer will stand on the card."))
        blocks.append(actions(button("Answer…", "reply", inquiry.inquiry_id, style="primary")))
    return Message(cut(escape(f"{head}: {one_line(inquiry.text)}"), FALLBACK), tuple(blocks))
