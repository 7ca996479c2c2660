"""Rich text. https://docs.slack.dev/reference/block-kit/blocks/rich-text-block"""

from sandbox.slack.blocks.kinds import boolean, integer, items, shape, string, typed, word

_style = shape(
    {},
    dict.fromkeys(("bold", "italic", "strike", "code", "underline", "highlight"), boolean),
)
_styled = {"style": _style}
_inline = typed(
    "rich text element",
    {
        "text": shape({"type": word("text"), "text": string(12_000)}, _styled),
        "link": shape(
            {"type": word("link"), "url": string(3000)},
            {**_styled, "text": string(3000), "unsafe": boolean},
        ),
        "emoji": shape(
            {"type": word("emoji"), "name": string(100)},
            {**_styled, "unicode": string(100), "skin_tone": integer(1, 6)},
        ),
        "user": shape({"type": word("user"), "user_id": string(20)}, _styled),
        "channel": shape({"type": word("channel"), "channel_id": string(20)}, _styled),
        "usergroup": shape({"type": word("usergroup"), "usergroup_id": string(20)}, _styled),
        "broadcast": shape({"type": word("broadcast"), "range": string(20)}, _styled),
        "date": shape(
            {"type": word("date"), "timestamp": integer(0, 2**40), "format": string(300)},
            {**_styled, "url": string(3000), "fallback": string(300)},
        ),
    },
)
_inlines = items(_inline, most=1000, least=0)
_bordered = {"border": integer(0, 1)}
section = shape({"type": word("rich_text_section"), "elements": _inlines}, {})

part = typed(
    "rich text element",
    {
        "rich_text_section": section,
        "rich_text_preformatted": shape(
            {"type": word("rich_text_preformatted"), "elements": _inlines},
            {**_bordered, "language": string(50)},
        ),
        "rich_text_quote": shape(
            {"type": word("rich_text_quote"), "elements": _inlines}, _bordered
        ),
        "rich_text_list": shape(
            {
                "type": word("rich_text_list"),
                "style": word("bullet", "ordered"),
                "elements": items(section, most=1000),
            },
            {**_bordered, "indent": integer(0, 8), "offset": integer(0, 100_000)},
        ),
    },
)
