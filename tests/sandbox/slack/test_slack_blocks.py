"""Block Kit: what is accepted, and how each limit is refused, by name and place."""

from typing import Any

import pytest
from slack_sdk.models.blocks import (
    ActionsBlock,
    ButtonElement,
    CheckboxesElement,
    ConfirmObject,
    ContextActionsBlock,
    ContextBlock,
    DatePickerElement,
    DividerBlock,
    FeedbackButtonObject,
    FeedbackButtonsElement,
    HeaderBlock,
    IconButtonElement,
    ImageBlock,
    InputBlock,
    MarkdownBlock,
    MarkdownTextObject,
    Option,
    PlainTextInputElement,
    RadioButtonsElement,
    RichTextBlock,
    RichTextElementParts,
    RichTextSectionElement,
    SectionBlock,
    StaticSelectElement,
)

from sandbox.slack.blocks import BlocksTooLong, message_problems, normal_blocks, view_problems
from sandbox.slack.shapes import Json
from tests.sandbox.slack.slack_bench import (
    SUPPORT,
    Bench,
    actions,
    button,
    home,
    input_block,
    modal,
    plain,
    section,
)

OPTIONS = [Option(text="One", value="1"), Option(text="Two", value="2")]


def test_what_slack_sdk_builds_of_the_supported_blocks_is_accepted() -> None:
    text = RichTextElementParts.Text(text="rich")
    blocks = [
        HeaderBlock(text="Refund"),
        SectionBlock(
            text="*Refund?*",
            fields=["a", "b"],
            accessory=StaticSelectElement(
                action_id="s", placeholder="Pick", options=OPTIONS, initial_option=OPTIONS[0]
            ),
        ),
        ContextBlock(elements=[MarkdownTextObject(text="small")]),
        DividerBlock(),
        MarkdownBlock(text="| a | b |"),
        RichTextBlock(elements=[RichTextSectionElement(elements=[text])]),
        ImageBlock(image_url="https://x.example/a.png", alt_text="a"),
        ActionsBlock(
            elements=[
                ButtonElement(
                    text="Go",
                    action_id="b",
                    value="v",
                    style="primary",
                    confirm=ConfirmObject(title="Sure?", text="Really?"),
                ),
                DatePickerElement(action_id="d", initial_date="2026-11-20"),
                CheckboxesElement(action_id="c", options=OPTIONS),
                RadioButtonsElement(action_id="r", options=OPTIONS),
            ]
        ),
        ContextActionsBlock(
            elements=[
                FeedbackButtonsElement(
                    action_id="f",
                    positive_button=FeedbackButtonObject(text="Good", value="good"),
                    negative_button=FeedbackButtonObject(text="Bad", value="bad"),
                ),
                IconButtonElement(action_id="i", icon="trash", text="Remove"),
            ]
        ),
        InputBlock(label="Why", element=PlainTextInputElement(action_id="p", multiline=True)),
    ]

    assert message_problems([block.to_dict() for block in blocks]) == ()


def _text(most: int) -> str:
    return "x" * (most + 1)


TOO_MUCH: list[tuple[list[Json], str, str]] = [
    ([section()] * 51, "no more than 50 items allowed", "/blocks"),
    ([section(_text(3000))], "must be less than 3001 characters", "/blocks/0/text/text"),
    (
        [{"type": "section", "fields": [{"type": "mrkdwn", "text": _text(2000)}]}],
        "must be less than 2001 characters",
        "/blocks/0/fields/0/text",
    ),
    (
        [{"type": "section", "fields": [{"type": "mrkdwn", "text": "f"}] * 11}],
        "no more than 10 items allowed",
        "/blocks/0/fields",
    ),
    (
        [{"type": "header", "text": plain(_text(150))}],
        "must be less than 151 characters",
        "/blocks/0/text/text",
    ),
    (
        [actions(*(button(f"b{n}") for n in range(26)))],
        "no more than 25 items allowed",
        "/blocks/0/elements",
    ),
    (
        [{"type": "context", "elements": [plain("c")] * 11}],
        "no more than 10 items allowed",
        "/blocks/0/elements",
    ),
    (
        [actions(button(text=_text(75)))],
        "must be less than 76 characters",
        "/blocks/0/elements/0/text/text",
    ),
    (
        [actions(button(value=_text(2000)))],
        "must be less than 2001 characters",
        "/blocks/0/elements/0/value",
    ),
    (
        [{"type": "markdown", "text": _text(12_000)}],
        "must be less than 12001 characters",
        "/blocks/0/text",
    ),
    ([section("")], "must be more than 0 characters", "/blocks/0/text/text"),
]

WRONG: list[tuple[list[Any], str, str]] = [
    ([{"text": "t"}], "missing required field: type", "/blocks/0"),
    (["text"], "must be an object", "/blocks/0"),
    ([{"type": "section"}], "must have `text` or `fields`", "/blocks/0"),
    ([{"type": "header"}], "missing required field: text", "/blocks/0"),
    (
        [{"type": "image", "alt_text": "a"}],
        "missing required field: image_url",
        "/blocks/0",
    ),
    (
        [{**section(), "colour": "red"}],
        "invalid additional property: colour",
        "/blocks/0",
    ),
    (
        [{"type": "header", "text": {"type": "mrkdwn", "text": "h"}}],
        "unsupported text type: mrkdwn (known here: plain_text)",
        "/blocks/0/text/type",
    ),
    (
        [actions(button("same"), button("same"))],
        "`action_id` same already exists in this block: must be unique",
        "/blocks/0",
    ),
    (
        [actions(button()), actions(button())],
        "`block_id` acts already exists: must be unique",
        "/blocks/1",
    ),
    (
        [actions({**button(), "style": "huge"})],
        "must be one of: primary, danger",
        "/blocks/0/elements/0/style",
    ),
    (
        [actions({"type": "static_select", "action_id": "s", "placeholder": plain("p")})],
        "must have either `options` or `option_groups`",
        "/blocks/0",
    ),
    ([{"type": "divider", "block_id": 5}], "must be a string", "/blocks/0/block_id"),
]


@pytest.mark.parametrize(("blocks", "reason", "at"), TOO_MUCH + WRONG)
async def test_bad_blocks_are_refused_with_the_reason_and_the_place(
    bench: Bench, blocks: list[Any], reason: str, at: str
) -> None:
    answer = await bench.call("chat.postMessage", {"channel": SUPPORT, "blocks": blocks})

    message = f"[ERROR] {reason} [json-pointer:{at}]"
    assert answer == {
        "ok": False,
        "error": "invalid_blocks",
        "errors": [message],
        "response_metadata": {"messages": [message]},
    }


@pytest.mark.parametrize("kind", ["carousel", "video", "file", "alert", "data_table"])
def test_other_blocks_are_refused_by_their_name(kind: str) -> None:
    (problem,) = message_problems([{"type": kind}])

    assert f"unsupported block type: {kind} " in problem
    assert problem.endswith("[json-pointer:/blocks/0/type]")


@pytest.mark.parametrize("kind", ["overflow", "users_select", "timepicker", "rich_text_input"])
def test_other_elements_are_refused_by_their_name(kind: str) -> None:
    (problem,) = message_problems([actions({"type": kind, "action_id": "x"})])

    assert f"unsupported element type: {kind} " in problem


def test_all_markdown_of_a_message_together_is_limited() -> None:
    with pytest.raises(BlocksTooLong):
        message_problems([{"type": "markdown", "text": "x" * 6001}] * 2)
    with pytest.raises(BlocksTooLong):
        message_problems([{"type": "markdown", "text": "x" * 11_000}, section("x" * 2500)])

    assert message_problems([section("x" * 3000)] * 20) == ()


def test_at_the_limit_a_message_passes() -> None:
    blocks = [section("x" * 3000), actions(*(button(f"b{n}") for n in range(25)))]

    assert message_problems(blocks + [{"type": "divider"}] * 48) == ()


@pytest.mark.parametrize(
    ("view", "reason"),
    [
        (modal(title=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/title"),
        (modal(submit=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/sub"),
        (
            modal(private_metadata="x" * 3001),
            "must be less than 3001 characters [json-pointer:/view/private_metadata]",
        ),
        (modal(*[section()] * 101), "no more than 100 items allowed [json-pointer:/view/blocks]"),
        (modal(colour="red"), "invalid additional property: colour [json-pointer:/view]"),
        (modal(submit=None), "missing required field: submit (the view has inputs)"),
        (modal({"type": "markdown", "text": "m"}), "unsupported block type: markdown"),
        (home(), "must be a view of type modal [json-pointer:/view/type]"),
        (modal(input_block(), input_block()), "`block_id` reason already exists: must be unique"),
    ],
)
async def test_bad_views_are_refused_with_the_reason(bench: Bench, view: Json, reason: str) -> None:
    trigger = bench.workspace.triggers.issue("U0ANA")

    answer = await bench.call("views.open", {"trigger_id": trigger, "view": view})

    assert answer["error"] == "invalid_arguments"
    assert reason in answer["response_metadata"]["messages"][0]


async def test_a_refused_view_leaves_the_trigger_usable(bench: Bench) -> None:
    trigger = bench.workspace.triggers.issue("U0ANA")
    await bench.call("views.open", {"trigger_id": trigger, "view": home()})

    answer = await bench.call("views.open", {"trigger_id": trigger, "view": modal()})

    assert answer["ok"] is True


def test_a_modal_with_everything_passes() -> None:
    whole = modal(
        section(),
        input_block(),
        private_metadata="opaque",
        external_id="one",
        close=plain("Cancel"),
        notify_on_close=True,
        clear_on_close=True,
    )

    assert view_problems(whole, kind="modal") == ()


def test_stored_blocks_have_ids_and_spelled_out_text() -> None:
    (stored,) = normal_blocks(
        [{"type": "actions", "elements": [{"type": "button", "text": plain("Go")}]}]
    )

    assert stored["block_id"]
    assert stored["elements"][0]["action_id"]
    assert stored["elements"][0]["text"] == {"type": "plain_text", "text": "Go", "emoji": True}
