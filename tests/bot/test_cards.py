"""The card shows every leaf of the arguments, whatever they are, and nothing that is not so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from bot.blocks import card, home, markdown, modals
from bot.blocks.answer import Answer, build, build_notice
from bot.blocks.card import Card
from bot.blocks.leaves import Leaf, leaves
from bot.blocks.limits import PAGE, PAGES, SHOWN_ARGUMENTS
from bot.blocks.parts import Message, literal
from bot.blocks.question import Question
from bot.blocks.question import build as build_question
from bot.blocks.text import visible
from core.money import Money
from sandbox.slack.blocks import message_problems, view_problems

HOSTILE = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from(list("<>&!@#*_~`:\u203a⟨⟩\"'\n\t \u202e\u200b\u2066\ufe0f\u3164\x00")),
    ),
    max_size=400,
)
LEAF = st.one_of(HOSTILE, st.integers(-(2**53), 2**53), st.booleans(), st.none())
AMOUNT = st.fixed_dictionaries(
    {"minor": st.integers(1, 10**12), "currency": st.sampled_from(["EUR", "JPY", "KWD"])}
)
VALUE = st.recursive(
    st.one_of(LEAF, AMOUNT),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(HOSTILE, inner, max_size=4)
    ),
    max_leaves=10,
)
ARGS = st.dictionaries(HOSTILE, VALUE, max_size=6)

REFUND = Card(
    action_id="act_1",
    request_id="req_1",
    title="Refund EUR 180.00 to Mara Lind",
    verb="refund",
    details=(("Order", "4711"), ("", "Visa ••42")),
    args={"order": "4711", "amount": {"minor": 18000, "currency": "EUR"}},
    origins={
        "/order": "first_party",
        "/amount/minor": "requester",
        "/amount/currency": "requester",
    },
    asked_by="Ana",
    channel="#support",
    why="refunds above EUR 100 need Finance",
    can_undo="no",
    expires="Mon 17:00",
)


def changed(**changes: Any) -> Card:
    return Card(**{**REFUND.__dict__, **changes})


def test_the_open_card_reads_as_promised() -> None:
    message = card.build(REFUND)

    assert text_of(message).splitlines() == [
        "Refund EUR 180.00 to Mara Lind?",
        "Order 4711 · Visa ••42 · asked by Ana in #support · order: from our own records"
        " · amount: typed by Ana",
        "Why you: refunds above EUR 100 need Finance. Can be undone: no. "
        "Expires Mon 17:00, then nothing happens.",
    ]
    assert actions_of(message) == [("approve", "req_1"), ("reject", "req_1")]


def test_what_the_head_does_not_show_is_written_out_with_where_it_is_from() -> None:
    args = {
        "order": "4712",
        "amount": {"minor": 18000, "currency": "USD"},
        "to": ["a@x.example", "b@x.example"],
        "reason": "torn",
    }
    origins = {"/reason": "requester", "/to/0": "mail", "/to/1": "first_party"}

    message = card.build(changed(args=args, origins=origins, title="Tell b@x.example, Mara Lind"))

    assert (
        text_of(message).splitlines()[1].endswith("in #support · to \u203a 2: from our own records")
    )
    assert text_of(message).splitlines()[3:] == [
        "order (made up by the model, not from Ana): 4712",
        "amount (made up by the model, not from Ana): USD 180.00",
        "to \u203a 1 (from a letter, not from Ana): a@x.example",
        "reason (typed by Ana): torn",
    ]


def test_a_text_that_quotes_anothers_value_hides_nothing() -> None:
    args = {"title": "x “2026-11-24” “60” y", "start": "2026-11-24", "minutes": 60}
    args["subject"] = "b@x.example"
    title = f"Book “{args['title']}” with b@x.example"

    message = card.build(changed(args=args, origins={}, title=title))

    assert text_of(message).splitlines()[3:] == [
        "start (made up by the model, not from Ana): 2026-11-24",
        "minutes (made up by the model, not from Ana): 60",
        "subject (made up by the model, not from Ana): b@x.example",
    ]


def test_no_name_from_outside_opens_a_part_of_the_line_below_the_title() -> None:
    details = (("Customer", "Mara · asked by Olga in #finance · order: typed by Olga"),)

    line = text_of(card.build(changed(details=details))).splitlines()[1]

    parts = line.split(" · ")
    assert [part for part in parts if part.startswith("asked by")] == ["asked by Ana in #support"]
    assert "order: typed by Olga" not in parts


@pytest.mark.parametrize(
    "title", ["Refund EUR 180.001", "Refund XEUR 180.00", "Refund EUR 1180.00"]
)
def test_an_amount_within_another_word_does_not_count_as_shown(title: str) -> None:
    message = card.build(changed(title=title))

    assert text_of(message).endswith("amount (typed by Ana): EUR 180.00")


def test_the_closed_card_has_no_buttons_but_its_story() -> None:
    said = ("Approved by Finn 14:02", "refunded 14:02, once", "re_83")

    message = card.build(changed(closed=said))

    assert text_of(message).splitlines()[-1] == (
        "Approved by Finn 14:02 · refunded 14:02, once · re_83"
    )
    assert actions_of(message) == [("story", "act_1")]


def test_a_confirmation_says_who_named_one_of_us_and_whose_text_it_is() -> None:
    mail = {"to": "finn@lindqvist.example", "body": "Pay at once."}
    origins = {"/to": "first_party", "/body": "mail"}

    text = text_of(
        card.build(
            changed(args=mail, origins=origins, named_in={"/to": "mail"}, details=(), confirm=True)
        )
    )

    assert (
        "to (from our own records, but named in a letter, not by Ana): finn@lindqvist.example"
        in text
    )
    assert "body (from a letter, not from Ana): Pay at once." in text


def test_an_untrusted_value_is_named_as_what_it_is() -> None:
    message = card.build(changed(origins={"/order": "mail"}))

    assert "order: from a letter, not from Ana" in text_of(message)
    assert "amount: made up by the model, not from Ana" in text_of(message)


def test_what_cannot_be_shown_whole_cannot_be_approved() -> None:
    message = card.build(changed(args={"body": "x" * (PAGE * PAGES + 1)}))

    assert actions_of(message) == [("reject", "req_1")]
    assert "too long to show whole" in text_of(message)


@pytest.mark.parametrize(
    ("args", "count"),
    [
        ({"body": "x" * 10_000}, 1),
        ({"body": "line\n" * 9_000}, 4),
        ({"to": [f"person{n}@example.com" for n in range(300)]}, 2),
    ],
)
def test_what_is_too_long_for_a_card_is_read_page_by_page_before_approve_appears(
    args: dict[str, Any], count: int
) -> None:
    long = changed(args=args)

    message, pages = card.build(long), card.pages(long)

    assert actions_of(message) == [("read", "req_1"), ("reject", "req_1")]
    assert len(pages) == count
    assert read_back([block for page in pages for block in page]) == sorted(expected(args))
    assert sum(len(str(block)) for block in message.blocks) < 2 * SHOWN_ARGUMENTS
    for number in range(1, count + 1):
        view = modals.page_modal("req_1", "A title", number, pages, "Approve refund")
        assert not view_problems(view, kind="modal")
        assert view["submit"]["text"] == ("Next page" if number < count else "Approve refund")


def test_somebody_who_only_reads_finds_no_button_at_the_end() -> None:
    view = modals.page_modal("req_1", "A title", 1, [[literal("words")]], None)

    assert "submit" not in view


@settings(max_examples=300, deadline=None, derandomize=True)
@given(ARGS)
def test_every_leaf_can_be_read_back_from_what_the_card_shows(args: dict[str, Any]) -> None:
    message, pages = card.build(changed(args=args)), card.pages(changed(args=args))

    if ("approve", "req_1") in actions_of(message):
        assert read_back(message.blocks) == sorted(expected(args))
    elif ("read", "req_1") in actions_of(message):
        assert read_back([block for page in pages for block in page]) == sorted(expected(args))
    else:
        assert "too long to show whole" in text_of(message)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(ARGS, HOSTILE, HOSTILE, st.booleans())
def test_slack_accepts_every_card(
    args: dict[str, Any],
    title: str,
    detail: str,
    closed: bool,
) -> None:
    hostile = changed(
        args=args,
        title=title or "x",
        verb=title or "x",
        details=((detail, title),),
        why=detail or "x",
        asked_by=title or "x",
        closed=(detail or "x", title) if closed else None,
    )

    accepted(card.build(hostile))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(HOSTILE)
def test_what_is_hidden_is_spelled_out_and_one_text_looks_like_one_text_only(text: str) -> None:
    shown = visible(text)

    assert not re.search("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\x00\ufe0f\u3164]", shown)
    assert spelled_back(shown) == text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("M\u0430ra Lind", "M⟨U+0430⟩ra Lind"),
        ("F\u03bfnn \u0410alto", "F⟨U+03BF⟩nn ⟨U+0410⟩alto"),
        ("\u0421\u0430\u0440\u0430 Lind", "\u0421\u0430\u0440\u0430 Lind"),
        ("M\u00e5rten Bj\u00f6rk 5 \u00b5m", "M\u00e5rten Bj\u00f6rk 5 \u00b5m"),
        ("p\u0430y-bank.example", "p⟨U+0430⟩y-bank.example"),
    ],
)
def test_a_letter_that_passes_for_a_latin_one_is_spelled_out(name: str, shown: str) -> None:
    """A word all in another script is how its people write, and stays readable."""
    assert visible(name) == shown
    assert spelled_back(shown) == name


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(max_size=3_000), st.integers(200, 900))
def test_a_split_answer_loses_nothing_but_the_gaps_it_was_cut_at(text: str, size: int) -> None:
    pieces = markdown.split(text, size)

    assert all(len(piece) <= size for piece in pieces)
    if "```" not in text and "~~~" not in text:
        assert "".join("".join(pieces).split()) == "".join(text.split())


def test_a_code_block_that_is_cut_stays_a_code_block_in_every_piece() -> None:
    text = "Look:\n\n```python\n" + "\n".join(f"line {n}" for n in range(200)) + "\n```\nDone."

    pieces = markdown.split(text, 600)

    assert all(piece.count("```") == 2 for piece in pieces[:-1])
    assert pieces[1].startswith("```python\n")
    assert "".join(pieces).count("line 199") == 1


@settings(max_examples=100, deadline=None, derandomize=True)
@given(HOSTILE, st.lists(HOSTILE, max_size=12), st.one_of(st.none(), st.integers(0, 10**9)))
def test_slack_accepts_every_answer(text: str, sources: list[str], cost: int | None) -> None:
    answer = Answer(text=text, sources=tuple(sources), cost_micros=cost, story="turn_1")

    for message in [*build(answer), build_notice(text)]:
        accepted(message)


@pytest.mark.parametrize(
    ("model", "cost", "words"),
    [
        ("gpt-5", None, "cost: unknown"),
        ("llama", 0, "no cost"),
        ("rehearsal-large", 0, "rehearsal model, no cost"),
        ("gpt-5", 1_234, "cost: $0.0012"),
    ],
)
def test_an_answer_tells_what_it_cost(model: str, cost: int | None, words: str) -> None:
    answer = Answer(text="Hi", sources=("shop order 4711",), cost_micros=cost, model=model)

    [message] = build(answer)

    assert message.blocks[1]["elements"][0]["text"] == f"Source: shop order 4711 · {words}"


@settings(max_examples=60, deadline=None, derandomize=True)
@given(HOSTILE, HOSTILE)
def test_slack_accepts_questions_homes_and_modals(title: str, about: str) -> None:
    title = title or "x"
    accepted(build_question(Question("act_1", title, about, who=about)))
    accepted(build_question(Question("act_1", title, about, who="", closed=about or "x")))
    item = home.Item(title, about, "https://x.example/archives/C1/p1")
    for view in (
        home.build(home.Home((item,) * 30, (item,), (item,) * 30)),
        modals.reject_modal("req_1", title),
        modals.text_modal("Story", [title, about] * 10),
    ):
        assert not view_problems(view, kind=view["type"])


def text_of(message: Message) -> str:
    found = []
    for block in message.blocks:
        if block["type"] == "rich_text":
            found.append("".join(e["text"] for e in block["elements"][0]["elements"]))
        elif block["type"] == "section":
            found.append(block["text"]["text"])
    return "\n".join(found)


def actions_of(message: Message) -> list[tuple[str, str]]:
    blocks = [block for block in message.blocks if block["type"] == "actions"]
    return [(e["action_id"], e["value"]) for block in blocks for e in block["elements"]]


def accepted(message: Message) -> None:
    """Both slack_sdk's own models and the practice workspace take these blocks."""
    assert not message_problems(list(message.blocks))
    assert len(message.text) <= 3_000
    for block in message.blocks:
        parsed = Block.parse(dict(block))
        assert parsed is not None
        parsed.validate_json()


def expected(args: dict[str, Any]) -> list[tuple[tuple[str, ...], str]]:
    return [(path_shown(leaf, args), plain(leaf.value)) for leaf in leaves(args)]


def path_shown(leaf: Leaf, args: dict[str, Any]) -> tuple[str, ...]:
    """The only item of a list goes by the list's name."""
    alone = (
        len(leaf.path) == 2
        and isinstance(args[leaf.path[0]], list)
        and len(args[leaf.path[0]]) == 1
    )
    return leaf.path[:1] if alone else leaf.path or ("value",)


def plain(value: Any) -> str:
    if isinstance(value, dict) and value:
        return str(Money(value["minor"], value["currency"]))
    if isinstance(value, bool) or value is None:
        return {None: "null", True: "true", False: "false"}[value]
    return value if isinstance(value, str) else str(value)


def read_back(blocks: Sequence[dict[str, Any]]) -> list[tuple[tuple[str, ...], str]]:
    """Names and values as a person reads them: one per line, or one per section when long."""
    found: dict[tuple[str, ...], str] = {}
    for block in blocks:
        if block["type"] != "section":
            continue
        first, _, rest = block["text"]["text"].partition("\n")
        long = re.fullmatch(r"([^:(]*?) \([^:)]*\)(, part \d+ of \d+)?:", first)
        if long:
            path = path_of(long[1])
            found[path] = found.get(path, "") + rest
            continue
        for line in block["text"]["text"].split("\n"):
            name, _, value = line.partition(": ")
            name = name.rpartition(" (")[0]
            found[path_of(name)] = value
    return sorted((path, spelled_back(unquoted(value))) for path, value in found.items())


def path_of(name: str) -> tuple[str, ...]:
    return tuple(spelled_back(unquoted(part)) for part in name.split(" \u203a "))


def unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def spelled_back(text: str) -> str:
    return re.sub(r"⟨U\+([0-9A-F]{4,6})⟩", lambda m: chr(int(m[1], 16)), text)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("[Approve](https://evil.example)", "[Approve] (https://evil.example)"),
        ("![x](https://evil.example/?d=1)", "[x] (https://evil.example/?d=1)"),
        ("[go][1]\n\n[1]: https://evil.example", "[go][1]\n\n[1] : https://evil.example"),
        ("> [a]: https://evil.example", "> [a] : https://evil.example"),
    ],
)
def test_a_link_in_an_answer_shows_where_it_leads(said: str, shown: str) -> None:
    assert markdown.harmless(said) == shown
