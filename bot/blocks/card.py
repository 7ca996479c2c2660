"""The approval card: a pure function of what the rows say, never of a model's prose (P6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.blocks.diff import with_diff
from bot.blocks.head import stands_in
from bot.blocks.leaves import Leaf, Shown, show
from bot.blocks.limits import FALLBACK
from bot.blocks.parts import (
    Block,
    Message,
    Press,
    actions,
    button,
    context,
    literal,
    pressed,
    rich,
    run,
)
from bot.blocks.text import cut, escape, one_line, titled, visible
from core.origins import TRUST_ORDER, Origin

_WHERE = {False: "Approve", True: "“Do it”"}
#: What "Approve" is followed by where the verb alone would not read as a noun.
_AS_NOUN = {
    "book": "booking",
    "cancel": "cancelling",
    "forget": "forgetting",
    "move": "moving",
    "remember": "remembering",
    "restock": "restocking",
    "send": "sending",
    "take back": "taking back",
}
_NAMED = {
    Origin.QUOTED: "in a quotation",
    Origin.MAIL: "in a letter",
    Origin.DOCUMENT: "in a document",
    Origin.WEB: "on the web",
}
#: So many differences are told one by one.
_CHANGES = 8


@dataclass(frozen=True)
class Card:
    """What one card tells. Times are words already, in the asker's zone."""

    action_id: str
    request_id: str
    #: Completes "Refund EUR 180.00 to Mara Lind?"; `verb` is what the button says.
    title: str
    verb: str
    details: tuple[tuple[str, str], ...]
    args: Mapping[str, Any]
    #: JSON pointer of each leaf -> origin value.
    origins: Mapping[str, str]
    asked_by: str
    channel: str
    #: Whose rule it is and why it is asked.
    why: str
    can_undo: str
    expires: str
    #: `ask: requester`: the asker presses "Do it".
    confirm: bool = False
    #: People who said yes already, where more than one must.
    votes: tuple[str, ...] = ()
    #: What became of it, as sentences; None while it is open.
    closed: tuple[str, ...] | None = None
    #: Who changed it before this card.
    edited_by: str = ""
    #: Questions and answers about it: who said it, and their words.
    said: tuple[tuple[str, str], ...] = ()
    #: How it differs from the card it took the place of.
    changed: tuple[str, ...] = ()
    #: How a text it puts in another's place differs from that, line by line.
    diff: str = ""
    #: Further buttons: beside the answers while it is open, beside the story afterwards.
    offers: tuple[Press, ...] = ()
    #: JSON pointer of each of our own addresses that only a letter or the like named -> its origin.
    named_in: Mapping[str, str] = field(default_factory=dict)
    #: That it is one of several steps that belong together, in a sentence; empty where it is not.
    together: str = ""


@dataclass(frozen=True)
class Disclosure:
    """The question to the asker whether it is shown to `names`; `later`: others see it already."""

    id: str
    names: str
    because: str = ""
    later: bool = False


def build(card: Card) -> Message:
    """The card's message: open with its buttons, or closed with what became of it."""
    title = titled(card.title)
    if card.closed is not None:
        line = visible(" · ".join(card.closed))
        blocks: tuple[Block, ...] = (
            rich(run(title, bold=True), run(f"\n{_line(card)}")),
            literal(cut(line, 2_900)),
            actions(button("Story", "story", card.action_id), *map(pressed, card.offers)),
        )
        return Message(_fallback(f"{title}: {line}"), blocks)
    shown = _shown(card, title)
    return Message(
        _fallback(f"{title}? {_sentence(card.why)} Expires {card.expires}."),
        (
            _head(card, title, shown.said),
            *_changed(card),
            *_said(card),
            *shown.blocks,
            *_buttons(card, shown),
        ),
    )


def build_disclosure(card: Card, asked: Disclosure, *, told: str | None) -> Message:
    """What the asker sees before others do who cannot read where it was asked; `told` is what
    became of it."""
    title = titled(card.title)
    shown = _shown(card, title)
    who = one_line(asked.names)
    if told is not None:
        return Message(
            _fallback(f"{title}: {told}"), (rich(run(title, bold=True)), literal(one_line(told)))
        )
    cannot = f"{who} cannot read this conversation, so I ask you before I show anything."
    first = f"{one_line(asked.because)} {cannot}".strip()
    buttons = [
        button(f"Show it to {who}", "disclose", asked.id, style="primary"),
        button("Don't show it" if asked.later else "Cancel", "withdraw", asked.id),
    ]
    if shown.pages:
        buttons.insert(0, button("Read all", "read", card.request_id))
    return Message(
        _fallback(f"{who} will see this: {title}"),
        (
            rich(run(f"{who} will see this:", bold=True), run(f"\n{first}")),
            _head(card, title, shown.said),
            *_changed(card),
            *_said(card),
            *shown.blocks,
            actions(*buttons),
        ),
    )


def build_status(card: Card, whom: str) -> Message:
    """What the asker's thread shows while the card stands elsewhere."""
    title = titled(card.title)
    told = (
        " · ".join(card.closed) if card.closed else f"Waiting for {whom}. Expires {card.expires}."
    )
    return Message(
        _fallback(f"{title}: {told}"),
        (
            rich(run(title, bold=True), run(f"\n{_line(card)}")),
            literal(cut(visible(told), 2_900)),
            actions(button("Story", "story", card.action_id), *map(pressed, card.offers)),
        ),
    )


def pages(card: Card) -> tuple[tuple[Block, ...], ...]:
    """What must be read before it can be approved, page by page; none where the card shows all."""
    return _shown(card, titled(card.title)).pages


def listed(card: Card) -> tuple[tuple[Block, ...], bool]:
    """The card as one of several on a message, without its title: every value it holds, and whether
    all of them are shown."""
    shown = _shown(card, titled(card.title))
    line = " · ".join([_line(card), *shown.said])
    votes = f"Approved so far: {', '.join(card.votes)}. " if card.votes else ""
    votes = f"{one_line(card.together)} {votes}" if card.together else votes
    head = rich(run(f"\n{line}\n{votes}Expires {card.expires}, then nothing happens."))
    return (head, *_changed(card), *shown.blocks), shown.whole and not shown.pages


def answer_label(card: Card) -> str:
    """What the button says that lets it happen."""
    if card.confirm:
        return "Do it"
    verb = one_line(card.verb, 40)
    return f"Approve {_AS_NOUN.get(verb, verb)}"


def _shown(card: Card, title: str) -> Shown:
    details = [(one_line(label), one_line(value)) for label, value in card.details]
    shown = show(
        card.args,
        origin=lambda leaf: _origin(_least_trusted(leaf, card.origins), card, leaf),
        in_head=lambda leaf, value: stands_in(leaf, value, title=title, details=details),
    )
    return with_diff(shown, card.diff)


def _head(card: Card, title: str, said: Sequence[str]) -> Block:
    told = [
        f"{_why_you(card)}: {_sentence(card.why)}",
        f"Can be undone: {one_line(card.can_undo)}.",
        *([one_line(card.together)] if card.together else []),
        *([f"Approved so far: {', '.join(card.votes)}."] if card.votes else []),
        f"Expires {card.expires}, then nothing happens.",
    ]
    line = " · ".join([_line(card), *said])
    return rich(run(f"{title}?", bold=True), run(f"\n{line}\n{' '.join(told)}"))


def _changed(card: Card) -> tuple[Block, ...]:
    lines = [run(one_line(line, 600), bold=True) for line in card.changed]
    return tuple(rich(line) for line in lines[:_CHANGES])


def _said(card: Card) -> tuple[Block, ...]:
    return tuple(
        rich(run(f"{one_line(label)}: ", bold=True), run(one_line(words, 600)))
        if words
        else rich(run(f"{one_line(label)}.", bold=True))
        for label, words in card.said
    )


def _line(card: Card) -> str:
    parts = [_detail(label, value) for label, value in card.details]
    parts.append(f"asked by {one_line(card.asked_by)} in {one_line(card.channel)}")
    return " · ".join(part for part in parts if part)


def _detail(label: str, value: str) -> str:
    shown = " ".join(part for part in (one_line(label), one_line(value)) if part)
    # The sign between the parts of this line: a customer's name must not open one of its own.
    return shown.replace("·", "⟨U+00B7⟩")


def _why_you(card: Card) -> str:
    return "Why I ask" if card.confirm else "Why you"


def _least_trusted(leaf: Leaf, origins: Mapping[str, str]) -> Origin:
    # An amount is one leaf when shown; its two values carry an origin each.
    keys = leaf.value if isinstance(leaf.value, Mapping) else ()
    pointers = [f"{leaf.pointer}/{key}" for key in keys] or [leaf.pointer]
    found = [Origin(origins.get(pointer, Origin.MODEL)) for pointer in pointers]
    return max(found, key=TRUST_ORDER.index)


def _origin(origin: Origin, card: Card, leaf: Leaf) -> str:
    if origin is Origin.REQUESTER:
        return f"typed by {one_line(card.asked_by)}"
    if origin is Origin.EDITOR and card.edited_by:
        return f"typed by {one_line(card.edited_by)}"
    named = card.named_in.get(leaf.pointer)
    if origin.trusted and named is not None:
        where = _NAMED.get(Origin(named), "elsewhere")
        return f"{origin.words}, but named {where}, not by {one_line(card.asked_by)}"
    if origin.trusted:
        return origin.words
    return f"{origin.words}, not from {one_line(card.asked_by)}"


def _buttons(card: Card, shown: Shown) -> tuple[Block, ...]:
    reject = button("Don't" if card.confirm else "Reject…", "reject", card.request_id)
    if not shown.whole:
        told = (
            f"This is too long to show whole ({shown.length:,} characters), so it cannot be "
            "approved here. Ask for something shorter, or put the text in a document."
        )
        return (literal(told), actions(reject, *map(pressed, card.offers)))
    if shown.pages:
        told = (
            f"Too long to show here: {shown.length:,} characters. Read it to its end: "
            f"{_WHERE[card.confirm]} stands there."
        )
        pages = f"{len(shown.pages)} pages" if len(shown.pages) > 1 else "1 page"
        read = button(f"Read all ({pages})", "read", card.request_id, style="primary")
        return (context(told), actions(read, reject, *map(pressed, card.offers)))
    action = "confirm" if card.confirm else "approve"
    answer = button(answer_label(card), action, card.request_id, style="primary")
    return (actions(answer, reject, *map(pressed, card.offers)),)


def _sentence(text: str) -> str:
    shown = one_line(text, 400)
    return shown if shown.endswith((".", "!", "?", "…")) else f"{shown}."


def _fallback(text: str) -> str:
    return cut(escape(text), FALLBACK)
