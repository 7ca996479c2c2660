"""What stands between angle brackets in Slack's text: mentions, channels, links, dates."""

import html

from markupsafe import Markup, escape

from sandbox.page.render.dates import slack_date
from sandbox.page.render.html import lines, link, tag
from sandbox.page.render.viewer import Viewer

#: Regular expression of one entity. No angle bracket or line break within.
ENTITY = r"<[^<>\n]{1,3000}>"


def unescape(text: str) -> str:
    """The three characters Slack has senders escape, as they were meant."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def person(user_id: str, viewer: Viewer, label: str = "") -> Markup:
    name = viewer.people.get(user_id) or label.lstrip("@") or user_id
    return tag("span", escape(f"@{name}"), "mention")


def channel(channel_id: str, viewer: Viewer, label: str = "") -> Markup:
    name = viewer.channels.get(channel_id) or label.lstrip("#") or channel_id
    return tag("span", escape(f"#{name}"), "mention")


def group(group_id: str, viewer: Viewer, label: str = "") -> Markup:
    name = viewer.groups.get(group_id) or label.lstrip("@") or group_id
    return tag("span", escape(f"@{name}"), "mention mention-all")


def entity(token: str, viewer: Viewer) -> Markup:
    """One `<...>` as HTML; what is not understood is shown as the text it is."""
    body, _, label = token[1:-1].partition("|")
    kind, rest = body[:1], body[1:]
    if kind == "@":
        return person(rest, viewer, unescape(label))
    if kind == "#":
        return channel(rest, viewer, unescape(label))
    if kind == "!":
        return _special(rest, unescape(label), viewer)
    return _web(body, label, viewer) if ":" in body else escape(html.unescape(token))


def _special(body: str, label: str, viewer: Viewer) -> Markup:
    name, *fields = body.split("^")
    if name == "date" and len(fields) >= 2:
        shown = slack_date(fields[0], unescape(fields[1]), viewer)
        text = tag("time", escape(label if shown is None else shown))
        return link(unescape(fields[2]), text, viewer) if len(fields) > 2 else text
    if name == "subteam" and fields:
        return group(fields[0], viewer, label)
    shown = label or name
    return tag("span", escape(f"@{shown.lstrip('@')}"), "mention mention-all")


def _web(target: str, label: str, viewer: Viewer) -> Markup:
    clean = unescape(target)
    shown = unescape(label) or clean.removeprefix("mailto:")
    return link(clean, lines(shown), viewer)
