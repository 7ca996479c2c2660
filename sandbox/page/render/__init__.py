"""Slack's text formats as safe HTML.

What lives here: pure functions from text (or a rich_text block) and a `Viewer` to `Markup`.
What must not: anything that reads state, knows a template, or lets a character of its input
reach the page unescaped. Text from a model or a letter is hostile until it went through here.
"""

from sandbox.page.render.markdown import markdown
from sandbox.page.render.mrkdwn import mrkdwn
from sandbox.page.render.plain import plain
from sandbox.page.render.rich_text import rich_text
from sandbox.page.render.tables import table_block
from sandbox.page.render.viewer import Viewer

__all__ = ["Viewer", "markdown", "mrkdwn", "plain", "rich_text", "table_block"]
