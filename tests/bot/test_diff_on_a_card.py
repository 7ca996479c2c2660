"""What a change of a text is on its card: line by line, nothing left out, nothing acted upon."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.policy.diff import line_by_line
from bot.blocks import card, modals
from bot.blocks.card import Card
from bot.blocks.limits import SHOWN_ARGUMENTS
from bot.blocks.text import visible
from sandbox.slack.blocks import message_problems, view_problems

LINE = st.text(st.sampled_from("ab+- @:line 3\u202e\u200b<!channel>*"), max_size=30)
TEXT = st.lists(LINE, max_size=30).map("\n".join)


def of(args: dict[str, Any], diff: str) -> Card:
    return Card(
        action_id="act_1", request_id="req_1", title="Put another policy in force", verb="change",
        details=(), args=args, origins={}, asked_by="Ana", channel="#support", why="only operators",
        can_undo="no", expires="Mon 17:00", diff=diff,
    )  # fmt: skip


def diff_in(blocks: Sequence[dict[str, Any]]) -> str:
    parts = [block["elements"][0] for block in blocks if block["type"] == "rich_text"]
    texts = [p["elements"][0]["text"] for p in parts if p["type"] == "rich_text_preformatted"]
    return "\n".join(texts)


def patched(before: str, diff: str) -> str:
    """The text that this diff makes of `before`."""
    old, new, at = before.rstrip("\n").split("\n"), [], 0
    for line in diff.split("\n") if diff else ():
        head = re.fullmatch(r"line (\d+):", line)
        if head:
            new += old[at : int(head[1]) - 1]
            at = max(at, int(head[1]) - 1)
        elif line[0] == "+":
            new.append(line[1:])
        else:
            assert line[1:] == old[at]
            at += 1
            new += [line[1:]] if line[0] == " " else []
    return "\n".join([*new, *old[at:]])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(TEXT, TEXT)
def test_it_says_all_that_is_needed_to_make_one_text_of_the_other(before: str, after: str) -> None:
    assert patched(before, line_by_line(before, after)) == after.rstrip("\n")


@settings(max_examples=100, deadline=None, derandomize=True)
@given(TEXT, TEXT)
def test_a_short_one_stands_whole_on_the_card(before: str, after: str) -> None:
    diff = line_by_line(before, after)
    message = card.build(of({"text": "short"}, diff))

    assert not message_problems(list(message.blocks))
    assert diff_in(message.blocks) == visible(diff)


def test_a_long_one_begins_on_the_card_and_is_whole_on_the_pages() -> None:
    diff = line_by_line("", "\n".join(f"  - {{name: rule {n}, allow: true}}" for n in range(500)))
    long = of({"text": "x" * 10_000}, diff)

    message, pages = card.build(long), card.pages(long)

    assert not message_problems(list(message.blocks))
    assert sum(len(str(block)) for block in message.blocks) < 2 * SHOWN_ARGUMENTS
    begun = diff_in(message.blocks)
    assert diff.startswith(begun)
    (left,) = re.findall(r"and (\d+) more lines of the change", str(message.blocks))
    assert begun.count("\n") + int(left) == diff.count("\n")
    assert diff_in([block for page in pages for block in page]) == diff
    for number in range(1, len(pages) + 1):
        assert not view_problems(modals.page_modal("r", "T", number, pages, "Ok"), kind="modal")


def test_a_line_that_is_too_long_for_a_block_goes_on_as_the_same_kind_of_line() -> None:
    message = card.build(of({"text": "short"}, line_by_line("b", "a" * 2_500)))

    head, gone, first, second = diff_in(message.blocks).split("\n")
    assert (head, gone, first[:2], second[:3]) == ("line 1:", "-b", "+a", "+…a")
    assert len(first[1:] + second[2:]) == 2_500
