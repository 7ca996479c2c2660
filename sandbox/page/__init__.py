"""The web page of the practice workspace: server-rendered, no build step.

It shows what the workspace, the office and the bot tell, and sends what a person does to the
control API. Must not hold: any state of its own beside the plug, any road into Slack that tests do
not have, any text that reaches the browser without going through `render`.
"""

from sandbox.page.app import mount
from sandbox.page.keys import BOT, OFFICE

__all__ = ["BOT", "OFFICE", "mount"]
