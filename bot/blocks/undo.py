"""What waits before it is begun, and what could not be taken back."""

from __future__ import annotations

from dataclasses import dataclass

from bot.blocks.limits import FALLBACK, SECTION
from bot.blocks.parts import Message, Press, actions, button, literal, pressed, rich, run, section
from bot.blocks.text import cut, escape, one_line, titled, words


@dataclass(frozen=True)
class HeldNote:
    """Something nobody was asked about that waits a moment. `line` says how it stands."""

    action_id: str
    title: str
    line: str
    offers: tuple[Press, ...] = ()


@dataclass(frozen=True)
class NotUndone:
    """An undo that came to nothing: whom it is told, what was to be undone, and why not."""

    action_id: str
    #: Slack user id of whoever wanted it.
    user: str | None
    title: str
    why: str
    #: What can be done now, as a sentence.
    then: str
    offers: tuple[Press, ...] = ()


def build_held(note: HeldNote) -> Message:
    title, line = titled(note.title), one_line(note.line, 400)
    story = button("Story", "story", note.action_id)
    return Message(
        cut(escape(f"{title}: {line}"), FALLBACK),
        (
            rich(run(title, bold=True), run(f"\n{line}")),
            actions(*map(pressed, note.offers), story),
        ),
    )


def build_not_undone(told: NotUndone) -> Message:
    title = titled(told.title)
    who = f"<@{told.user}> " if told.user else ""
    return Message(
        cut(escape(f"Not undone: {title}. {one_line(told.why, 400)}"), FALLBACK),
        (
            section(cut(f"{who}*This could not be undone:* {words(title)}", SECTION)),
            literal(cut(f"{one_line(told.why, 400)} {told.then}", SECTION)),
            actions(*map(pressed, told.offers), button("Story", "story", told.action_id)),
        ),
    )
