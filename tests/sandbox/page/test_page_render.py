"""Each thing Slack's formats can say, and the HTML that comes of it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from sandbox.page.render import Viewer, markdown, mrkdwn, plain, rich_text, table_block

VIEWER = Viewer(
    me="U0FINN",
    people={"U0ANA": "Ana Berg"},
    channels={"C0SUPPORT": "support"},
    zone=ZoneInfo("Europe/Berlin"),
    now=datetime(2026, 11, 20, 12, 0, tzinfo=UTC),
    groups={"S0FINANCE": "finance-team"},
)
LINK = '<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>'
NOON = int(datetime(2026, 11, 20, 12, 0, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (
            "*bold* and _italic_ and ~gone~",
            "<strong>bold</strong> and <em>italic</em> and <s>gone</s>",
        ),
        ("*bold _both_*", "<strong>bold <em>both</em></strong>"),
        ("2 * 3 * 4, snake_case_name", "2 * 3 * 4, snake_case_name"),
        ("`*not bold*`", "<code>*not bold*</code>"),
        ("```\na < b\n```", "<pre>a &lt; b</pre>"),
        ("one\ntwo", "one<br>two"),
        ("a\n> said\n> more\nb", "a<blockquote>said<br>more</blockquote>b"),
        ("&gt; said", "<blockquote>said</blockquote>"),
        ("1 &lt; 2 &amp;&amp; 3", "1 &lt; 2 &amp;&amp; 3"),
        ("<@U0ANA>", '<span class="mention">@Ana Berg</span>'),
        ("<@U0NEW|newcomer>", '<span class="mention">@newcomer</span>'),
        ("<#C0SUPPORT>", '<span class="mention">#support</span>'),
        ("<!channel>", '<span class="mention mention-all">@channel</span>'),
        ("<!subteam^S0FINANCE>", '<span class="mention mention-all">@finance-team</span>'),
        ("<!subteam^S1>", '<span class="mention mention-all">@S1</span>'),
        ("<!subteam^S1|@finance>", '<span class="mention mention-all">@finance</span>'),
        ("<https://a.b/?x=1&amp;y=2|here>", LINK.format("https://a.b/?x=1&amp;y=2", "here")),
        ("see https://a.b/c.", "see " + LINK.format("https://a.b/c", "https://a.b/c") + "."),
        ("<mailto:a@b.example|a@b.example>", LINK.format("mailto:a@b.example", "a@b.example")),
        ("<javascript:alert(1)|click>", "click"),
        (":tada: :unheard_of:", "🎉 :unheard_of:"),
        ("at 10:30:45", "at 10:30:45"),
        ("", ""),
    ],
)
def test_mrkdwn_reads_as_in_slack(text: str, html: str) -> None:
    assert mrkdwn(text, VIEWER) == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (
            "**bold** *it* __b__ _i_ ~~no~~",
            "<p><strong>bold</strong> <em>it</em> <strong>b</strong> <em>i</em> <s>no</s></p>",
        ),
        ("# Title #\ntext", "<h3>Title</h3><p>text</p>"),
        ("a\nb\n\nc", "<p>a<br>b</p><p>c</p>"),
        ("- a\n  - b\n- c", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"),
        ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
        ("- [x] done\n- [ ] open", "<ul><li>☑ done</li><li>☐ open</li></ul>"),
        ("> a\n> - b", "<blockquote><p>a</p><ul><li>b</li></ul></blockquote>"),
        ("```py\nx = 1 < 2\n```", "<pre>x = 1 &lt; 2</pre>"),
        ("```\nnever closed", "<pre>never closed</pre>"),
        ("---", "<hr>"),
        ("[shop](https://a.b/c)", "<p>" + LINK.format("https://a.b/c", "shop") + "</p>"),
        ("[x](javascript:alert(1))", "<p>x</p>"),
        (
            "![a cat](https://a.b/cat.png)",
            "<p>" + LINK.format("https://a.b/cat.png", "a cat") + "</p>",
        ),
        (r"\*not\* <b>", "<p>*not* &lt;b&gt;</p>"),
        ("<@U0ANA> `x`", '<p><span class="mention">@Ana Berg</span> <code>x</code></p>'),
        ("a | b, no table", "<p>a | b, no table</p>"),
    ],
)
def test_markdown_reads_as_in_slack(text: str, html: str) -> None:
    assert markdown(text, VIEWER) == html


def test_a_markdown_table_keeps_its_columns_and_their_sides() -> None:
    html = markdown("| item | price |\n|---|--:|\n| a \\| b | `1` |\n| short |", VIEWER)

    assert html == (
        '<div class="table-scroll"><table><thead><tr><th>item</th><th class="end">price</th></tr>'
        '</thead><tbody><tr><td>a | b</td><td class="end"><code>1</code></td></tr>'
        '<tr><td>short</td><td class="end"></td></tr></tbody></table></div>'
    )


@pytest.mark.parametrize(
    ("pattern", "shown"),
    [
        ("{date_num}", "2026-11-20"),
        ("{date_long}", "Friday, November 20, 2026"),
        ("{date_short} at {time}", "Nov 20, 2026 at 13:00"),
        ("{date_short_pretty}", "today"),
        ("{time_secs}", "13:00:00"),
        ("{ago}", "just now"),
        ("{unheard_of}", "{unheard_of}"),
    ],
)
def test_dates_show_in_the_readers_time_zone(pattern: str, shown: str) -> None:
    assert mrkdwn(f"<!date^{NOON}^{pattern}|fallback>", VIEWER) == f"<time>{shown}</time>"


def test_a_link_to_a_message_of_this_workspace_stays_on_the_page() -> None:
    permalink = "https://practice.slack.com/archives/C0SUPPORT/p1763640000000100"
    reply = f"{permalink}?thread_ts=1763630000.000200&cid=C0SUPPORT"

    address = "/?as=U0FINN&amp;channel=C0SUPPORT&amp;thread="
    assert mrkdwn(f"<{permalink}|card>", VIEWER) == (
        f'<a href="{address}1763640000.000100">card</a>'
    )
    assert markdown(f"[card]({reply})", VIEWER) == (
        f'<p><a href="{address}1763630000.000200">card</a></p>'
    )


def test_a_date_that_is_none_shows_its_fallback() -> None:
    assert mrkdwn("<!date^soon^{date}|Monday>", VIEWER) == "<time>Monday</time>"


def test_days_near_today_have_names() -> None:
    shown = [mrkdwn(f"<!date^{NOON + n * 86400}^{{date_pretty}}|f>", VIEWER) for n in (-1, 1, 3)]

    assert shown == [
        "<time>yesterday</time>",
        "<time>tomorrow</time>",
        "<time>November 23, 2026</time>",
    ]


def test_plain_text_has_emoji_and_lines_but_no_formatting() -> None:
    assert plain("*a* :eyes:\n<b>") == "*a* 👀<br>&lt;b&gt;"


def test_rich_text_shows_its_parts_and_names_what_it_cannot_show() -> None:
    block = {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [
                    {"type": "text", "text": "Hi ", "style": {"bold": True}},
                    {"type": "user", "user_id": "U0ANA"},
                    {"type": "color", "value": "#fff"},
                ],
            },
            {
                "type": "rich_text_list",
                "style": "ordered",
                "elements": [
                    {"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]}
                ],
            },
        ],
    }

    assert rich_text(block, VIEWER) == (
        '<div><strong>Hi </strong><span class="mention">@Ana Berg</span>'
        '<span class="unknown">[not shown here: color]</span></div><ol><li>one</li></ol>'
    )


def test_a_table_has_a_header_its_columns_sides_and_no_ragged_rows() -> None:
    def raw(text: str) -> dict[str, object]:
        return {"type": "raw_text", "text": text}

    block = {
        "type": "table",
        "rows": [[raw("Order"), raw("Amount")], [raw("4711\n<b>")]],
        "column_settings": [None, {"align": "right"}],
    }

    assert table_block(block, VIEWER) == (
        '<div class="table-scroll"><table>'
        '<thead><tr><th>Order</th><th class="end">Amount</th></tr></thead>'
        '<tbody><tr><td>4711<br>&lt;b&gt;</td><td class="end"></td></tr></tbody>'
        "</table></div>"
    )


@pytest.mark.parametrize(
    "piece", ["*a", "[a](", "<", "`", "| a ", "> ", "_", "https://", "- ", "[[", "~~"]
)
def test_forty_thousand_hostile_characters_are_rendered_at_once(piece: str) -> None:
    text = piece * (40_000 // len(piece))

    assert mrkdwn(text, VIEWER)
    assert markdown(text, VIEWER)
