"""Links to messages of this very workspace, which lead to the page and not to slack.com."""

import re
from urllib.parse import urlencode

from sandbox.page.render.viewer import Viewer
from sandbox.slack.shapes import TEAM_DOMAIN

_PERMALINK = re.compile(
    rf"https://{TEAM_DOMAIN}\.slack\.com/archives/(?P<channel>[A-Z0-9]+)/p(?P<ts>\d{{7,}})"
    r"(?:\?thread_ts=(?P<thread>\d+\.\d+)(?:&cid=[A-Z0-9]+)?)?"
)


def local(target: str, viewer: Viewer) -> str:
    """The page's own address of a permalink's thread, as seen by this reader; else empty."""
    found = _PERMALINK.fullmatch(target)
    if not found:
        return ""
    digits = found["ts"]
    thread = found["thread"] or f"{digits[:-6]}.{digits[-6:]}"
    return "/?" + urlencode({"as": viewer.me, "channel": found["channel"], "thread": thread})
