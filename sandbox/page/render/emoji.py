"""Emoji shortcodes this workspace knows; the others stay as they were typed."""

import re

SHORTCODES = {
    "+1": "👍",
    "-1": "👎",
    "alarm_clock": "⏰",
    "arrow_right": "➡️",
    "bell": "🔔",
    "books": "📚",
    "bulb": "💡",
    "calendar": "📅",
    "credit_card": "💳",
    "email": "✉️",
    "envelope": "✉️",
    "eyes": "👀",
    "hourglass": "⌛",
    "hourglass_flowing_sand": "⏳",
    "information_source": "ℹ️",  # noqa: RUF001
    "lock": "🔒",
    "mag": "🔍",
    "memo": "📝",
    "no_entry": "⛔",
    "no_entry_sign": "🚫",
    "octagonal_sign": "🛑",
    "package": "📦",
    "page_facing_up": "📄",
    "question": "❓",
    "raised_hand": "✋",
    "robot_face": "🤖",
    "shield": "🛡️",
    "smile": "😄",
    "spiral_calendar_pad": "🗓️",
    "tada": "🎉",
    "thumbsdown": "👎",
    "thumbsup": "👍",
    "warning": "⚠️",
    "wave": "👋",
    "white_check_mark": "✅",
    "x": "❌",
}

SHORTCODE = r":[a-z0-9_+\-]{1,40}:"
_SHORTCODE = re.compile(SHORTCODE)


def emoji(shortcode: str) -> str:
    """`:eyes:` as its character; an unknown shortcode unchanged."""
    return SHORTCODES.get(shortcode.strip(":"), shortcode)


def with_emoji(text: str) -> str:
    return _SHORTCODE.sub(lambda found: emoji(found.group()), text)
