"""Questions alike on one message, each with every value it holds, and the form to choose among
them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from bot.blocks.card import Card, listed
from bot.blocks.limits import BLOCKS, FALLBACK, SHOWN_ARGUMENTS
from bot.blocks.modals import REASON, REASON_LIMIT
from bot.blocks.parts import Block, Message, actions, button, literal, rich, run
from bot.blocks.text import cut, escape, one_line, titled, visible

#: Blocks and action ids of the form.
WHICH, HOW = "which", "how"
_CHOICE = 75


@dataclass(frozen=True)
class Batch:
    """`said` tells of a card what became of it here; None while it waits for an answer."""

    batch_id: str
    cards: tuple[Card, ...]
    said: tuple[str | None, ...]
    why: str
    verb: str


def build(batch: Batch) -> Message:
    """The batch's message: every question, its values, and where it stands."""
    open_ones = decidable(batch)
    left = sum(said is None for said in batch.said)
    many = f"{left} of {len(batch.cards)}" if left < len(batch.cards) else str(left)
    head = f"{many} alike wait for you" if left else f"{len(batch.cards)} alike: all are answered"
    told = f"Why you: {one_line(batch.why, 400)}. Each has its own card too and is decided alone."
    blocks: list[Block] = [rich(run(head, bold=True), run(f"\n{told}"))]
    for number, (card, said) in enumerate(zip(batch.cards, batch.said, strict=True), 1):
        blocks += _item(number, card, said, open_here=card in open_ones)
    if open_ones:
        label = f"Approve all {len(open_ones)}" if len(open_ones) > 1 else "Approve this one"
        blocks.append(
            actions(
                button(label, "approve_batch", batch.batch_id, style="primary"),
                button("Choose…", "choose_batch", batch.batch_id),
            )
        )
    return Message(cut(escape(f"{head} {told}"), FALLBACK), tuple(blocks))


def decidable(batch: Batch) -> tuple[Card, ...]:
    """Those that still wait and are shown whole here. What does not fit, or took another's place,
    has its own card only.

    What is answered does not make room: a press on the message as it was seen must never decide
    what it did not show.
    """
    found, length, count = [], 0, 4
    for card, said in zip(batch.cards, batch.said, strict=True):
        blocks, whole = listed(replace(card, votes=(), changed=(), together=""))
        weight = sum(len(str(block)) for block in blocks)
        if not whole or length + weight > SHOWN_ARGUMENTS or count + len(blocks) + 1 > BLOCKS - 10:
            continue
        length, count = length + weight, count + len(blocks) + 1
        if said is None and not card.changed:
            found.append(card)
    return tuple(found)


def form(batch: Batch) -> dict[str, Any]:
    """The modal in which some are left out, or some are refused; its metadata is the batch's id."""
    open_ones = decidable(batch)
    options = [
        {"text": _plain(cut(_numbered(number, card), _CHOICE)), "value": card.request_id}
        for number, card in enumerate(batch.cards, 1)
        if card in open_ones
    ]
    hows = [
        {"text": _plain("Approve those ticked"), "value": "approve"},
        {"text": _plain("Reject those ticked"), "value": "reject"},
    ]
    return {
        "type": "modal",
        "callback_id": "batch",
        "private_metadata": batch.batch_id,
        "title": _plain("Choose"),
        "submit": _plain("Decide"),
        "close": _plain("Back"),
        "blocks": [
            _input(WHICH, "Which of them?", {
                "type": "checkboxes", "options": options, "initial_options": options,
            }),
            _input(HOW, "What about them?", {
                "type": "radio_buttons", "options": hows, "initial_option": hows[0],
            }),
            {
                **_input(REASON, "Why? The asker will read this.", {
                    "type": "plain_text_input", "multiline": True, "max_length": REASON_LIMIT,
                }),
                "optional": True,
                "hint": _plain("Needed where you reject."),
            },
        ],
    }  # fmt: skip


def _item(number: int, card: Card, said: str | None, *, open_here: bool) -> list[Block]:
    title = _numbered(number, card)
    if said is not None:
        return [rich(run(title, bold=True), run(f"\n{visible(said)}"))]
    blocks, _ = listed(card)
    if not open_here:
        return [
            rich(run(title, bold=True)),
            literal("Not shown whole here: see its own card."),
        ]
    first, *rest = blocks
    return [rich(run(title, bold=True), *first["elements"][0]["elements"]), *rest]


def _numbered(number: int, card: Card) -> str:
    return f"{number}. {titled(card.title)}"


def _input(name: str, label: str, element: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": name,
        "label": _plain(label),
        "element": {**element, "action_id": name},
    }


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}
