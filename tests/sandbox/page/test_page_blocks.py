"""Block Kit as HTML: hostile values stay values, and what cannot be shown is named."""

from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.page.environment import bound, environment
from sandbox.page.render import Viewer

ENVIRONMENT = environment()
TEMPLATE = ENVIRONMENT.from_string(
    '{% import "ui.html" as ui with context %}{% import "blocks.html" as b with context %}'
    "{{ b.blocks(blocks) }}"
)
VIEWER = Viewer("U0ANA", {}, {}, ZoneInfo("UTC"), datetime(2026, 11, 20, tzinfo=UTC))


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def shown(*blocks: Any) -> str:
    return TEMPLATE.render(blocks=blocks, errors={}, **bound(VIEWER, "127.0.0.1:8300"))


def tags(html: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(html)
    return parser.seen


def every_block(text: str) -> list[dict[str, Any]]:
    """Each kind of block and element, with this text wherever a text may stand."""
    plain = {"type": "plain_text", "text": text}
    mrkdwn = {"type": "mrkdwn", "text": text}
    option = {"text": plain, "value": text, "description": plain}
    ids = {"action_id": text}
    fields = [
        {"type": "plain_text_input", "placeholder": plain, "initial_value": text, **ids},
        {"type": "plain_text_input", "multiline": True, "initial_value": text, **ids},
        {"type": "static_select", "placeholder": plain, "options": [option], **ids},
        {"type": "datepicker", "initial_date": text, **ids},
        {"type": "checkboxes", "options": [option], "initial_options": [option], **ids},
        {"type": "radio_buttons", "options": [option], "initial_option": option, **ids},
    ]
    confirm = {"title": plain, "text": mrkdwn, "confirm": plain, "deny": plain}
    button = {"type": "button", "text": plain, "value": text, "confirm": confirm, **ids}
    feedback = {
        "type": "feedback_buttons",
        "positive_button": {"text": plain, "value": text},
        "negative_button": {"text": plain, "value": text},
        **ids,
    }
    image = {"type": "image", "image_url": text, "alt_text": text}
    return [
        {"type": "section", "text": mrkdwn, "fields": [plain, mrkdwn], "accessory": button},
        {"type": "header", "text": plain},
        {"type": "context", "elements": [mrkdwn, plain, image]},
        {"type": "actions", "block_id": text, "elements": [button, *fields]},
        {"type": "context_actions", "elements": [feedback]},
        {**image, "title": plain},
        *(
            {"type": "input", "block_id": text, "label": plain, "hint": plain, "element": element}
            for element in fields
        ),
        {"type": text},
    ]


HARMLESS = tags(shown(*every_block("word")))
hostile = st.lists(
    st.sampled_from(["<", ">", '"', "'", "&", "=", " ", "/", "onclick", "script", "x", "\n", "`"]),
    min_size=1,
    max_size=12,
).map("".join)


@settings(deadline=None)
@given(hostile)
def test_no_value_of_a_block_adds_a_tag_or_an_attribute(text: str) -> None:
    made = [
        (tag, attrs)
        for tag, attrs in tags(shown(*every_block(text)))
        if tag not in ("br", "code", "pre", "blockquote")
    ]

    assert [(tag, sorted(attrs)) for tag, attrs in made] == [
        (tag, sorted(attrs)) for tag, attrs in HARMLESS
    ]


def test_a_value_comes_back_as_it_was_given() -> None:
    value = "a\"b'c<d>&e"
    block = {
        "type": "actions",
        "elements": [{"type": "button", "action_id": "go", "value": value, "text": {"text": "Go"}}],
    }

    button = next(attrs for tag, attrs in tags(shown(block)) if tag == "button")

    assert button["data-value"] == value


def test_text_that_asks_for_no_emoji_gets_none() -> None:
    text = {"type": "plain_text", "text": ":tada:"}

    assert ":tada:" in shown({"type": "section", "text": {**text, "emoji": False}})
    assert "🎉" in shown({"type": "section", "text": text})


@pytest.mark.parametrize("kind", ["carousel", "data_table", "video"])
def test_a_block_that_is_not_shown_is_named(kind: str) -> None:
    assert f"This block type is not shown here: {kind}" in shown({"type": kind})


def test_an_element_that_is_not_shown_is_named() -> None:
    html = shown({"type": "actions", "elements": [{"type": "overflow"}]})

    assert "This element type is not shown here: overflow" in html


def test_a_picture_from_elsewhere_is_not_loaded() -> None:
    html = shown({"type": "image", "image_url": "https://a.example/x.png", "alt_text": "A tent"})

    assert "A tent" in html
    assert "<img" not in html


def test_a_picture_of_this_server_is_shown() -> None:
    own = {"type": "image", "image_url": "http://127.0.0.1:8300/static/x.svg", "alt_text": "Logo"}

    assert '<img class="" src="/static/x.svg" alt="Logo">' in shown(own)
