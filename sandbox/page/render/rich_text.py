"""rich_text blocks: Slack's structured text, as its composer makes it."""

from collections.abc import Iterable, Mapping
from typing import Any

from markupsafe import Markup, escape

from sandbox.page.render.dates import slack_date
from sandbox.page.render.emoji import emoji
from sandbox.page.render.entities import channel, group, person
from sandbox.page.render.html import lines, link, tag
from sandbox.page.render.viewer import Viewer

Element = Mapping[str, Any]
_STYLES = (("code", "code"), ("bold", "strong"), ("italic", "em"), ("strike", "s"))


def rich_text(block: Element, viewer: Viewer) -> Markup:
    """Safe HTML of a rich_text block; an unknown element is named in its place."""
    return Markup().join(_part(part, viewer) for part in block.get("elements", ()))


def _part(part: Element, viewer: Viewer) -> Markup:
    kind = part.get("type")
    if kind == "rich_text_list":
        rows = (tag("li", _inside(item, viewer)) for item in part.get("elements", ()))
        return tag("ol" if part.get("style") == "ordered" else "ul", Markup().join(rows))
    made = _inside(part, viewer)
    if kind == "rich_text_section":
        return tag("div", made)
    if kind == "rich_text_preformatted":
        return tag("pre", made)
    if kind == "rich_text_quote":
        return tag("blockquote", made)
    return _unknown(kind)


def _inside(part: Element, viewer: Viewer) -> Markup:
    elements: Iterable[Element] = part.get("elements", ())
    return Markup().join(_styled(element, viewer) for element in elements)


def _styled(element: Element, viewer: Viewer) -> Markup:
    made = _element(element, viewer)
    style = element.get("style")
    for name, html_tag in _STYLES:
        if isinstance(style, Mapping) and style.get(name):
            made = tag(html_tag, made)
    return made


def _element(element: Element, viewer: Viewer) -> Markup:
    kind = element.get("type")
    if kind == "text":
        return lines(str(element.get("text", "")))
    if kind == "link":
        url = str(element.get("url", ""))
        return link(url, escape(str(element.get("text") or url)), viewer)
    if kind == "emoji":
        return escape(emoji(f":{element.get('name', '')}:"))
    if kind == "user":
        return person(str(element.get("user_id", "")), viewer)
    if kind == "channel":
        return channel(str(element.get("channel_id", "")), viewer)
    if kind == "usergroup":
        return group(str(element.get("usergroup_id", "")), viewer)
    if kind == "broadcast":
        return tag("span", escape(f"@{element.get('range', '')}"), "mention mention-all")
    if kind == "date":
        return _date(element, viewer)
    return _unknown(kind)


def _date(element: Element, viewer: Viewer) -> Markup:
    stamp, pattern = str(element.get("timestamp", "")), str(element.get("format", ""))
    shown = slack_date(stamp, pattern, viewer)
    return tag("time", escape(str(element.get("fallback", "")) if shown is None else shown))


def _unknown(kind: object) -> Markup:
    return tag("span", escape(f"[not shown here: {kind}]"), "unknown")
