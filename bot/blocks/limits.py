"""Slack's published limits that our messages stay within (docs.slack.dev, Block Kit reference)."""

from __future__ import annotations

BLOCKS = 50
VIEW_BLOCKS = 100
SECTION = 3_000
MARKDOWN = 12_000
BUTTON = 75
BUTTON_VALUE = 2_000
TITLE = 24
#: The longest text an input is filled with or takes.
INPUT = 3_000
OPTION = 75
#: `text` above about 4,000 characters is cut by some clients.
FALLBACK = 3_000
#: How many characters of arguments a card shows itself; more are read page by page. Also what
#: Slack shows of a message before it folds the rest away.
SHOWN_ARGUMENTS = 3_000
#: How many of them one page shows. Slack refuses views that are too long in sum without saying
#: where the limit lies; this stays well below what it accepts.
PAGE = 12_000
#: What needs more pages than this is not for reading in Slack.
PAGES = 10
