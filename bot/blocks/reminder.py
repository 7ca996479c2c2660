"""The reminder to somebody whose answer is missing: one line and the way to the card."""

from __future__ import annotations

from dataclasses import dataclass

from bot.blocks.limits import FALLBACK, SECTION
from bot.blocks.parts import Message, section
from bot.blocks.text import cut, escape, titled, words


@dataclass(frozen=True)
class Reminder:
    """Times are words already, where the person is. `link` leads to the card."""

    title: str
    asked_by: str
    channel: str
    expires: str
    link: str | None = None
    #: First names of those who are away and in whose place this person is asked.
    instead_of: tuple[str, ...] = ()
    #: Whom the asker may have it shown to, where that is the question.
    may_see: str = ""
    #: It was settled before this was sent.
    settled: bool = False


def build(reminder: Reminder) -> Message:
    title = titled(reminder.title)
    if reminder.settled:
        text = f"{title}: settled meanwhile, nothing waits for you here."
        told = cut(escape(text), FALLBACK)
        return Message(told, (section(told),))
    shown = f"<{reminder.link}|{words(title)}>" if reminder.link else f"*{words(title)}*"
    away = f" in the place of {' and '.join(reminder.instead_of)}" if reminder.instead_of else ""
    about = (
        f"asked by {words(reminder.asked_by)} in {words(reminder.channel)}, "
        f"expires {words(reminder.expires)}"
    )
    if reminder.may_see:
        may = f"may {words(reminder.may_see)} see {shown}?"
        return Message(
            escape(f"Still waiting for you: may {reminder.may_see} see {title}?"),
            (
                section(
                    f"Still waiting for you: {may} ({about}; until then nobody new is shown it)."
                ),
            ),
        )
    return Message(
        cut(escape(f"Still waiting for you: {title}"), FALLBACK),
        (section(cut(f"Still waiting for you{words(away)}: {shown} ({about}).", SECTION)),),
    )
