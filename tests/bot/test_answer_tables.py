"""One table per message, and none that Slack refuses."""

from __future__ import annotations

import pytest

from bot.blocks import answer
from bot.blocks.tables import one_each


def table(rows: int, columns: int = 2, name: str = "Order") -> str:
    head = "| " + " | ".join(f"{name}{n}" for n in range(columns)) + " |"
    dashes = "| " + " | ".join("---" for _ in range(columns)) + " |"
    body = ["| " + " | ".join("x" for _ in range(columns)) + " |"] * rows
    return "\n".join([head, dashes, *body])


def texts(text: str) -> list[str]:
    return [message.blocks[0]["text"] for message in answer.build(answer.Answer(text))]


def test_a_second_table_begins_a_second_message() -> None:
    orders, returns = f"Orders:\n\n{table(2)}", f"Returns:\n\n{table(1, name='Return')}"

    first, second, third = texts(f"{orders}\n\n{returns}\n\n{table(1)}\n\nThat is all.")

    assert first.startswith("Orders:")
    assert first.rstrip().endswith("Returns:")
    assert second.startswith("| Return0")
    assert third.rstrip().endswith("That is all.")


@pytest.mark.parametrize(("rows", "columns"), [(100, 2), (3, 21)])
def test_a_table_larger_than_slack_takes_stands_as_code(rows: int, columns: int) -> None:
    [shown] = texts(f"All of them:\n\n{table(rows, columns)}\n\nDone.")

    assert shown.count("```") == 2
    assert shown.startswith("All of them:\n\n```\n| Order0")


def test_a_table_as_large_as_slack_takes_stays_one() -> None:
    text = f"All of them:\n\n{table(99, 20)}"

    assert texts(text)[0].count("```") == 0


@pytest.mark.parametrize(
    "text",
    [
        "No table | here",
        f"```\n{table(1)}\n\n{table(1)}\n```",
        f"1. A list\n\n   {table(1).replace(chr(10), chr(10) + '   ')}",
        "",
    ],
)
def test_what_is_no_table_is_left_alone(text: str) -> None:
    assert one_each(text) == [text]
