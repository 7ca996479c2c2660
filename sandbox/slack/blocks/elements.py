"""Text objects, options and interactive elements.

https://docs.slack.dev/reference/block-kit/block-elements
"""

from sandbox.slack.blocks.kinds import Check, boolean, integer, items, shape, string, typed, word


def plain(most: int) -> Check:
    """A plain_text object of at most so many characters."""
    kind = shape({"type": word("plain_text"), "text": string(most)}, {"emoji": boolean})
    return typed("text", {"plain_text": kind})


def text(most: int) -> Check:
    """A plain_text or mrkdwn object of at most so many characters."""
    return typed(
        "text",
        {
            "plain_text": shape(
                {"type": word("plain_text"), "text": string(most)}, {"emoji": boolean}
            ),
            "mrkdwn": shape({"type": word("mrkdwn"), "text": string(most)}, {"verbatim": boolean}),
        },
    )


_action_id = {"action_id": string(255)}
_URL = string(3000)
_STYLE = word("primary", "danger")
_option = shape({"text": text(75), "value": string(150)}, {"description": text(75), "url": _URL})
_confirm = shape(
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": _STYLE},
)
_common = {**_action_id, "confirm": _confirm, "focus_on_load": boolean}

button = shape(
    {"type": word("button"), "text": plain(75)},
    {
        **_action_id,
        "url": _URL,
        "value": string(2000),
        "style": _STYLE,
        "confirm": _confirm,
        "accessibility_label": string(75),
    },
)
static_select = shape(
    {"type": word("static_select")},
    {
        **_common,
        "placeholder": plain(150),
        "options": items(_option, most=100),
        "option_groups": items(
            shape({"label": plain(75), "options": items(_option, most=100)}, {}), most=100
        ),
        "initial_option": _option,
    },
)
users_select = shape(
    {"type": word("users_select")},
    {**_common, "placeholder": plain(150), "initial_user": string(20)},
)
datepicker = shape(
    {"type": word("datepicker")},
    {**_common, "placeholder": plain(150), "initial_date": string(10, 10)},
)
checkboxes = shape(
    {"type": word("checkboxes"), "options": items(_option, most=10)},
    {**_common, "initial_options": items(_option, most=10)},
)
radio_buttons = shape(
    {"type": word("radio_buttons"), "options": items(_option, most=10)},
    {**_common, "initial_option": _option},
)
plain_text_input = shape(
    {"type": word("plain_text_input")},
    {
        **_action_id,
        "initial_value": string(3000, 0),
        "multiline": boolean,
        "min_length": integer(0, 3000),
        "max_length": integer(1, 3000),
        "dispatch_action_config": shape(
            {},
            {"trigger_actions_on": items(word("on_enter_pressed", "on_character_entered"), most=2)},
        ),
        "focus_on_load": boolean,
        "placeholder": plain(150),
    },
)
image = shape({"type": word("image"), "alt_text": string(2000)}, {"image_url": _URL})
_feedback = shape({"text": plain(75), "value": string(2000)}, {"accessibility_label": string(75)})
feedback_buttons = shape(
    {
        "type": word("feedback_buttons"),
        "positive_button": _feedback,
        "negative_button": _feedback,
    },
    _action_id,
)
icon_button = shape(
    {"type": word("icon_button"), "icon": word("trash"), "text": plain(75)},
    {
        **_action_id,
        "value": string(2000),
        "confirm": _confirm,
        "accessibility_label": string(75),
        "visible_to_user_ids": items(string(20), most=100),
    },
)

_choices = {
    "static_select": static_select,
    "datepicker": datepicker,
    "checkboxes": checkboxes,
    "radio_buttons": radio_buttons,
}

in_actions = typed("element", {"button": button, **_choices})
as_accessory = typed("element", {"button": button, **_choices, "image": image})
in_input = typed(
    "element", {"plain_text_input": plain_text_input, "users_select": users_select, **_choices}
)
in_context_actions = typed(
    "element", {"feedback_buttons": feedback_buttons, "icon_button": icon_button}
)
in_context = typed(
    "element",
    {
        "plain_text": shape({"type": word("plain_text"), "text": string(3000)}, {"emoji": boolean}),
        "mrkdwn": shape({"type": word("mrkdwn"), "text": string(3000)}, {"verbatim": boolean}),
        "image": image,
    },
)
