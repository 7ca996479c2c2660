"""Blocks and views. https://docs.slack.dev/reference/block-kit/blocks"""

from sandbox.slack.blocks import elements, rich, tables, tasks
from sandbox.slack.blocks.kinds import Check, boolean, items, shape, string, typed, word

MAX_IN_MESSAGE = 50
MAX_IN_VIEW = 100
#: All markdown blocks of a message together.
MAX_MARKDOWN = 12_000
#: All text of a message with markdown blocks (found by users: slackapi/bolt-js#2509).
MAX_WITH_MARKDOWN = 13_200

_id = {"block_id": string(255)}

_everywhere: dict[str, Check] = {
    "section": shape(
        {"type": word("section")},
        {
            **_id,
            "text": elements.text(3000),
            "fields": items(elements.text(2000), most=10),
            "accessory": elements.as_accessory,
            "expand": boolean,
        },
    ),
    "context": shape(
        {"type": word("context"), "elements": items(elements.in_context, most=10)}, _id
    ),
    "actions": shape(
        {"type": word("actions"), "elements": items(elements.in_actions, most=25)}, _id
    ),
    "input": shape(
        {"type": word("input"), "label": elements.plain(2000), "element": elements.in_input},
        {**_id, "hint": elements.plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "header": shape({"type": word("header"), "text": elements.plain(150)}, _id),
    "divider": shape({"type": word("divider")}, _id),
    "rich_text": shape({"type": word("rich_text"), "elements": items(rich.part, most=1000)}, _id),
    "image": shape(
        {"type": word("image"), "alt_text": string(2000)},
        {**_id, "image_url": string(3000), "title": elements.plain(2000)},
    ),
}
_messages_only: dict[str, Check] = {
    "markdown": shape({"type": word("markdown"), "text": string(MAX_MARKDOWN)}, _id),
    "context_actions": shape(
        {
            "type": word("context_actions"),
            "elements": items(elements.in_context_actions, most=5),
        },
        _id,
    ),
    "task_card": tasks.task_card,
    "plan": tasks.plan,
    "table": tables.table,
}

message_blocks = items(
    typed("block", {**_everywhere, **_messages_only}), most=MAX_IN_MESSAGE, least=0
)
view_blocks = items(typed("block", _everywhere), most=MAX_IN_VIEW, least=0)

_view_common: dict[str, Check] = {
    "private_metadata": string(3000, 0),
    "callback_id": string(255, 0),
    "external_id": string(255, 0),
}
view = typed(
    "view",
    {
        "modal": shape(
            {"type": word("modal"), "title": elements.plain(24), "blocks": view_blocks},
            {
                **_view_common,
                "close": elements.plain(24),
                "submit": elements.plain(24),
                "clear_on_close": boolean,
                "notify_on_close": boolean,
                "submit_disabled": boolean,
            },
        ),
        "home": shape({"type": word("home"), "blocks": view_blocks}, _view_common),
    },
)
