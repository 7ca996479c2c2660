"""The approval card: a pure function of what the rows say, never of a model's prose (P6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.blocks.leaves import Shown, show
from bot.blocks.limits import FALLBACK
from bot.blocks.parts import Block, Message, actions, button, literal, rich, run
from bot.blocks.text import cut, escape, one_line, titled, visible
from core.origins import TRUST_ORDER, Origin


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


def build(card: Card) -> Message:
    """The card's message: open with its buttons, or closed with what became of it."""
    title = titled(card.title)
    if card.closed is not None:
        line = visible(" · ".join(card.closed))
        blocks: tuple[Block, ...] = (
            rich(run(title, bold=True), run(f"\n{_line(card)}")),
            literal(cut(line, 2_900)),
            actions(button("Story", "story", card.action_id)),
        )
        return Message(_fallback(f"{title}: {line}"), blocks)
    shown = show(card.args)
    return Message(
        _fallback(f"{title}? {_sentence(card.why)} Expires {card.expires}."),
        (_head(card, title), *shown.blocks, *_buttons(card, shown)),
    )


def _head(card: Card, title: str) -> Block:
    lines = [
        _line(card),
        f"{_why_you(card)}: {_sentence(card.why)}",
        f"Can be undone: {one_line(card.can_undo)}.",
        *([f"Approved so far: {', '.join(card.votes)}."] if card.votes else []),
        f"Expires {card.expires}, then nothing happens.",
    ]
    before, after = lines[0], "\n".join(lines[1:])
    return rich(run(f"{title}?", bold=True), run(f"\n{before}\n{after}"))


def _line(card: Card) -> str:
    parts = [_detail(label, value) for label, value in card.details]
    parts.append(f"asked by {one_line(card.asked_by)} in {one_line(card.channel)}")
    if card.closed is None:
        parts += origin_words(card.args, card.origins, card.asked_by)
    return " · ".join(part for part in parts if part)


def _detail(label: str, value: str) -> str:
    return " ".join(part for part in (one_line(label), one_line(value)) if part)


def _why_you(card: Card) -> str:
    return "Why I ask" if card.confirm else "Why you"


def origin_words(
    args: Mapping[str, Any], origins: Mapping[str, str], asked_by: str
) -> Sequence[str]:
    """`amount: typed by Ana`, one per argument, the least trusted of its leaves speaking."""
    found: dict[str, Origin] = {}
    for name, value in args.items():
        under = [origins.get(pointer, Origin.MODEL) for pointer in _pointers(name, value)]
        found[name] = max((Origin(o) for o in under), key=TRUST_ORDER.index)
    return [f"{one_line(name, 60)}: {_origin(origin, asked_by)}" for name, origin in found.items()]


def _origin(origin: Origin, asked_by: str) -> str:
    if origin is Origin.REQUESTER:
        return f"typed by {one_line(asked_by)}"
    if origin.trusted:
        return origin.words
    return f"{origin.words}, not from {one_line(asked_by)}"


def _pointers(name: str, value: Any) -> list[str]:
    # Amounts count as one leaf when shown; their two values carry an origin each.
    raw = value if isinstance(value, (dict, list)) and value else None
    if raw is None:
        return [f"/{_escaped(name)}"]
    keys = raw.items() if isinstance(raw, dict) else enumerate(raw)
    return [f"/{_escaped(name)}{rest}" for k, v in keys for rest in _pointers(str(k), v)]


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _buttons(card: Card, shown: Shown) -> tuple[Block, ...]:
    reject = button("Don't" if card.confirm else "Reject…", "reject", card.request_id)
    if not shown.whole:
        told = (
            f"This is too long to show whole ({shown.length:,} characters), so it cannot be "
            "approved here. Ask for something shorter, or put the text in a document."
        )
        return (literal(told), actions(reject))
    label = "Do it" if card.confirm else f"Approve {one_line(card.verb, 40)}"
    action = "confirm" if card.confirm else "approve"
    return (actions(button(label, action, card.request_id, style="primary"), reject),)


def _sentence(text: str) -> str:
    shown = one_line(text, 400)
    return shown if shown.endswith((".", "!", "?", "…")) else f"{shown}."


def _fallback(text: str) -> str:
    return cut(escape(text), FALLBACK)
