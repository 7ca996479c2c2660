"""Every message and view of ours at its fullest, with texts that grow when they are made safe:
Slack takes it, by docs.slack.dev/reference/block-kit as the practice workspace checks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from bot.blocks import (
    allow_alike,
    batch,
    compensation,
    home,
    inquiry,
    modals,
    policy,
    question,
    reminder,
)
from bot.blocks.answer import Answer
from bot.blocks.answer import build as build_answer
from bot.blocks.card import Card, Disclosure, build_disclosure, build_status
from bot.blocks.card import build as build_card
from bot.blocks.edit import edit_modal
from bot.blocks.hand import Hand, hand_modal
from bot.blocks.help import HELP
from bot.blocks.limits import BUTTON, FALLBACK, INPUT, OPTION, TITLE
from bot.blocks.parts import Message, Press, literal, section
from bot.blocks.undo import HeldNote, NotUndone, build_held, build_not_undone
from bot.blocks.upkeep import Matter, Upkeep
from bot.listeners.commands import pages_of
from sandbox.slack.blocks import message_problems, view_problems
from tools.editing import EditField

#: `&` becomes five characters, an invisible one nine.
LONG = pytest.mark.parametrize("text", ["x" * 400, "&" * 400, "\u202e" * 90, "<!channel> " * 40])
MANY = 30


def card_of(text: str) -> Card:
    return Card(
        action_id="act_1",
        request_id="req_1",
        title=text,
        verb=text,
        details=(("Order", text), ("", text)),
        args={f"{n}{text}": text for n in range(MANY)},
        origins={},
        asked_by=text,
        channel=text,
        why=text,
        can_undo=text,
        expires="Mon 09:00",
        votes=("Finn 14:02",) * 5,
        said=((text, text),) * 3,
        changed=(text,) * 3,
        offers=tuple(Press(text, f"offer_{n}", "req_1") for n in range(4)),
        together=text,
    )


def answer_of(text: str) -> Answer:
    return Answer(
        text=text,
        sources=(text,) * MANY,
        story="turn_1",
        undo=((text, Press("Undo", "undo", "act_1")),) * 9,
        refused=((text, text),) * 9,
    )


def item_of(text: str) -> home.Item:
    return home.Item(text, text, "https://x.example/archives/C1/p1", revokes="stand_1")


def upkeep_of(text: str) -> Upkeep:
    presses = [Press("Compare again", "compare", "find_1"), Press("Story", "finding_story", "f")]
    return Upkeep(tuple(Matter(text * 9, text, presses) for _ in range(MANY)), (text * 2,) * 9)


def home_of(text: str) -> dict[str, Any]:
    items = tuple(item_of(text) for _ in range(MANY))
    return home.build(home.Home(items, items, items, items, note=text * 9, upkeep=upkeep_of(text)))


def field_of(text: str, kind: str, options: tuple[str, ...] = ()) -> EditField:
    return EditField(
        name=f"a_{kind}", kind=kind, value=text, about=text * 9, options=options, optional=False
    )


def batch_of(text: str) -> batch.Batch:
    cards = tuple(card_of(text) for _ in range(10))
    return batch.Batch("batch_1", cards, (None,) * 10, text, "refund")


def short_batch_of(text: str) -> batch.Batch:
    """Ten with long titles, each short enough to be decided here."""
    one = replace(card_of(text), details=(), args={}, said=(), changed=(), together="", votes=())
    cards = tuple(replace(one, request_id=f"req_{n}") for n in range(10))
    return batch.Batch("batch_1", cards, (None,) * 10, text, "refund")


def suggested_of(text: str) -> allow_alike.Suggested:
    return allow_alike.Suggested(
        action_id="act_1",
        title=text,
        whose=text,
        at_most="EUR 1.00",
        in_all="EUR 1.00",
        recipients=tuple(f"{n}{text}"[:254] for n in range(300)),
        fixed=tuple(f"argument_{n}" for n in range(MANY)),
        uses=10,
        days=14,
        past=text * 9,
    )


MODALS: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "reject": lambda text: modals.reject_modal("req_1", text),
    "ask": lambda text: modals.ask_modal("req_1", text),
    "reply": lambda text: modals.reply_modal("inq_1", text, text * 9),
    "explain": lambda text: modals.explain_modal("find_1", text * 9),
    "page": lambda text: modals.page_modal("req_1", text, 1, [[literal("words")]], text),
    "text": lambda text: modals.text_modal(text, [text * 9] * MANY),
    "edit": lambda text: edit_modal(
        "req_1", text, [field_of(text, "text"), field_of("a", "choice", ("a", "b"))], [text] * MANY
    ),
    "hand": lambda text: hand_modal(Hand("req_1", text, text)),
    "alike": lambda text: allow_alike.alike_modal(suggested_of(text)),
    "policy": lambda text: policy.policy_modal([text] * 40),
    "batch": lambda text: batch.form(short_batch_of(text)),
}

MESSAGES: Mapping[str, Callable[[str], Message]] = {
    "answer": lambda text: build_answer(answer_of(text))[-1],
    "card": lambda text: build_card(card_of(text)),
    "status": lambda text: build_status(card_of(text), text),
    "disclosure": lambda text: build_disclosure(
        card_of(text), Disclosure("disc_1", text, text), told=None
    ),
    "batch": lambda text: batch.build(batch_of(text)),
    "compensation": lambda text: compensation.build(
        compensation.Offer("U0ANA", text, (text,) * MANY, text, text, (Press(text, "undo", "a"),))
    ),
    "inquiry": lambda text: inquiry.build(inquiry.Inquiry("inq_1", text, text, text * 9, "U0ANA")),
    "answered": lambda text: inquiry.build(
        inquiry.Inquiry("inq_1", text, text, text, "U0ANA", closed=text * 9)
    ),
    "question": lambda text: question.build(
        question.Question("act_1", text, text, text, can_look=True, looked=text, no_from="14:02")
    ),
    "settled": lambda text: question.build(
        question.Question("act_1", text, text, text, closed=text * 9)
    ),
    "held": lambda text: build_held(HeldNote("act_1", text, text, (Press(text, "undo", "a"),))),
    "not undone": lambda text: build_not_undone(NotUndone("act_1", "U0ANA", text, text, text)),
    "reminder": lambda text: reminder.build(
        reminder.Reminder(text, text, text, "Mon 09:00", "https://x.example/a", (text, text))
    ),
}


@LONG
@pytest.mark.parametrize("name", MODALS)
def test_slack_takes_every_modal_at_its_fullest(name: str, text: str) -> None:
    assert view_problems(MODALS[name](text), kind="modal") == ()


@LONG
@pytest.mark.parametrize("name", MESSAGES)
def test_slack_takes_every_message_at_its_fullest(name: str, text: str) -> None:
    message = MESSAGES[name](text)

    assert message_problems(list(message.blocks)) == ()
    assert len(message.text) <= FALLBACK


@LONG
def test_slack_takes_a_home_whose_lists_are_all_full(text: str) -> None:
    view = home_of(text)

    assert view_problems(view, kind="home") == ()
    told = [block for block in view["blocks"] if block["type"] == "context"]
    assert sum("and 15 more" in str(block) for block in told) == 4


@LONG
def test_slack_takes_the_longest_answer_of_a_command(text: str) -> None:
    assert message_problems([section(page) for page in pages_of([text * 9] * MANY)]) == ()


def test_the_limits_are_slacks() -> None:
    assert (BUTTON, OPTION, TITLE, INPUT) == (75, 75, 24, 3_000)
    assert len(HELP) < 3_000
