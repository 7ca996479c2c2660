"""Whatever a person, a model or a letter writes, no tag and no attribute of it reaches the page."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.page.render import Viewer, markdown, mrkdwn, plain, rich_text, table_block
from tests.sandbox.page.page_html_checks import problems

VIEWER = Viewer(
    me="U0ANA",
    people={"U0ANA": "Ana <b>Berg</b>"},
    channels={"C0SUPPORT": 'sup"port'},
    zone=ZoneInfo("Europe/Berlin"),
    now=datetime(2026, 11, 20, 12, 0, tzinfo=UTC),
    groups={"S1": "<i>team"},
)

PIECES = [
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</pre>", "</a>", "<!--", "-->"),
    *(
        "<",
        ">",
        "&",
        '"',
        "'",
        "&lt;",
        "&gt;",
        "&amp;",
        "&quot;",
        "&#60;",
        "&amp;lt;",
        "\x00",
        "\r",
    ),
    *("*", "_", "~", "`", "```", "**", "__", "~~", "***", "\\", "|", "\n", "\n\n", " ", "\t", ":"),
    *("# ", "- ", "1. ", "> ", "  - ", "[x] ", "---", "| a | b |\n|---|--:|\n| 1 | 2 |", "```py\n"),
    *("[a](", "](", ")", "![x](", "(javascript:alert(1))", "(https://a.b/\"onmouseover='x')"),
    *(
        "<@U0ANA>",
        "<@U0NOBODY|<i>x>",
        "<#C0SUPPORT|x>",
        "<!channel>",
        '<!here|"><b>',
        "<!subteam^S1|@x>",
        "<!subteam^S2|<b>>",
    ),
    *("<https://a.b?x=1&y=2|label>", "<javascript:alert(1)|x>", '<https://a.b/" onclick="x|y>'),
    *('https://practice.slack.com/archives/C1/p1234567890"x', "?thread_ts=1.2&cid=<b>"),
    *("<data:text/html,x|y>", "<mailto:a@b.c|write>", "https://a.b/?q=<script>", "http://x'y\"z"),
    *("<!date^1763640000^{date_short} at {time}^https://a.b|<b>fallback>", "<!date^x^{ago}|f>"),
    *(
        "<!date^99999999999999999^{date}|far>",
        ":tada:",
        ":no_such:",
        "word",
        "é",
        "\u202e",
        "\ud7ff",
    ),
]

hostile = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=24).map("".join),
    st.text(alphabet=st.sampled_from("<>&\"'`*_~[]()!@#|\\\n:-/ax=^ "), max_size=80),
    st.text(max_size=60),
)


@settings(max_examples=600, deadline=None)
@given(hostile)
def test_no_mrkdwn_injects_a_tag_or_an_attribute(text: str) -> None:
    assert problems(mrkdwn(text, VIEWER)) == []


@settings(max_examples=600, deadline=None)
@given(hostile)
def test_no_markdown_injects_a_tag_or_an_attribute(text: str) -> None:
    assert problems(markdown(text, VIEWER)) == []


@settings(deadline=None)
@given(hostile)
def test_no_plain_text_injects_a_tag_or_an_attribute(text: str) -> None:
    assert problems(plain(text)) == []


elements = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            ["text", "link", "user", "channel", "usergroup", "emoji", "broadcast", "date", "x"]
        ),
        "text": hostile,
        "url": hostile,
        "user_id": hostile,
        "channel_id": hostile,
        "usergroup_id": hostile,
        "name": hostile,
        "range": hostile,
        "timestamp": hostile,
        "format": hostile,
        "fallback": hostile,
        "style": st.dictionaries(st.sampled_from(["bold", "italic", "code", "odd"]), st.booleans()),
    }
)
sections = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["rich_text_section", "rich_text_quote", "rich_text_preformatted"]),
        "elements": st.lists(elements, max_size=4),
    }
)


@settings(max_examples=200, deadline=None)
@given(st.lists(sections, max_size=4))
def test_no_rich_text_injects_a_tag_or_an_attribute(parts: list[dict[str, Any]]) -> None:
    assert problems(rich_text({"type": "rich_text", "elements": parts}, VIEWER)) == []


cells = st.one_of(
    st.fixed_dictionaries({"type": st.sampled_from(["raw_text", "raw_number"]), "text": hostile}),
    st.fixed_dictionaries(
        {"type": st.just("rich_text"), "elements": st.lists(sections, max_size=2)}
    ),
)
column_settings = st.lists(
    st.one_of(st.none(), st.fixed_dictionaries({"align": st.one_of(st.just("right"), hostile)})),
    max_size=4,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(cells, max_size=3), max_size=3), column_settings)
def test_no_table_injects_a_tag_or_an_attribute(
    rows: list[list[dict[str, Any]]], columns: list[dict[str, str] | None]
) -> None:
    block = {"type": "table", "rows": rows, "column_settings": columns}

    assert problems(table_block(block, VIEWER)) == []
