"""Tables within Slack's limits: as blocks and in Markdown."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import TableBlock
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.blocks import OnlyOneTable, message_problems
from sandbox.slack.blocks.markdown_tables import sizes
from sandbox.slack.shapes import BOT_TOKEN, Json
from tests.sandbox.slack.slack_bench import SUPPORT, Bench

CELL = {"type": "raw_text", "text": "a"}
RICH = {
    "type": "rich_text",
    "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "b"}]}],
}
NUMBER = {"type": "raw_number", "value": 4711, "text": "4,711"}


def table(*rows: list[Json], **more: Any) -> Json:
    return {"type": "table", "rows": list(rows) or [[CELL]], **more}


def written(rows: int, columns: int) -> Json:
    """A markdown block with a table of so many rows, the header included."""
    lines = ["|" + "a|" * columns, "|" + "-|" * columns, *["|" + "b|" * columns] * (rows - 1)]
    return {"type": "markdown", "text": "\n".join(lines)}


@pytest.mark.parametrize(
    "block",
    [
        table([CELL, RICH, NUMBER], [CELL]),
        table(*[[CELL] * 20] * 100),
        table(column_settings=[{"align": "right", "is_wrapped": True}, None]),
        table([{**CELL, "text": "x" * 10_000}]),
        written(100, 20),
    ],
)
def test_a_table_within_the_limits_is_taken(block: Json) -> None:
    assert message_problems([block]) == ()


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (table(*[[CELL]] * 101), "no more than 100 items allowed [json-pointer:/blocks/0/rows]"),
        (table([CELL] * 21), "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]"),
        (table([{**CELL, "text": ""}]), "must be more than 0 characters"),
        (table([{"type": "mrkdwn", "text": "a"}]), "unsupported cell type: mrkdwn"),
        (table([{**NUMBER, "value": "4711"}]), "must be a number"),
        (table(column_settings=[{}] * 21), "no more than 20 items allowed"),
        (table(column_settings=[{"align": "middle"}]), "must be one of: left, center, right"),
        (table(*[[{**CELL, "text": "x" * 5001}]] * 2), "all cells must be less than 10001"),
        (written(101, 2), "a table has at most 100 rows and 20 columns"),
        (written(2, 21), "a table has at most 100 rows and 20 columns"),
        ({"type": "table"}, "missing required field: rows"),
    ],
)
def test_a_table_beyond_a_limit_is_refused(block: Json, reason: str) -> None:
    (problem,) = message_problems([block])

    assert reason in problem


@pytest.mark.parametrize(
    "blocks",
    [
        [table(), table()],
        [table(), written(2, 2)],
        [{"type": "markdown", "text": written(2, 2)["text"] + "\n\n" + written(3, 1)["text"]}],
    ],
)
def test_a_message_has_one_table(blocks: list[Json]) -> None:
    with pytest.raises(OnlyOneTable):
        message_problems(blocks)


def test_a_table_within_code_is_no_table() -> None:
    text = written(2, 2)["text"]

    assert sizes(f"```\n{text}\n```\n{text}\n\nsaid | done") == [(2, 2)]


async def test_slack_sdk_posts_a_table_and_hears_of_a_second(bench: Bench, answered: None) -> None:
    client = AsyncWebClient(BOT_TOKEN, base_url=bench.running.api_url)
    block = TableBlock(rows=[[CELL, RICH]], column_settings=[{"align": "center"}])

    answer = await client.chat_postMessage(channel=SUPPORT, text="Orders", blocks=[block])
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel=SUPPORT, markdown_text=f"{_two()}")

    assert answer["message"]["blocks"][0]["rows"] == [[CELL, RICH]]
    assert refused.value.response["error"] == "invalid_attachments"
    assert refused.value.response["response_metadata"] == {
        "messages": ["[ERROR] only_one_table_allowed"]
    }


def _two() -> str:
    return "\n\n".join(str(written(2, 2)["text"]) for _ in range(2))
