"""The templates and what they may call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import ChainableUndefined, Environment, FileSystemLoader
from markupsafe import Markup, escape

from sandbox.page.render import Viewer, markdown, mrkdwn, plain, rich_text, table_block
from sandbox.page.render.html import lines, link

HERE = Path(__file__).parent
#: The words of the states as a person reads them, and the colour they get.
_CHIPS = {
    "proposed": ("being checked", "plain"),
    "allowed": ("allowed", "plain"),
    "awaiting": ("waiting for approval", "wait"),
    "approved": ("approved", "plain"),
    "executing": ("under way", "plain"),
    "succeeded": ("done", "good"),
    "denied": ("refused", "bad"),
    "rejected": ("rejected", "bad"),
    "failed": ("failed", "bad"),
    "expired": ("expired", "bad"),
    "cancelled": ("cancelled", "plain"),
    "superseded": ("replaced", "plain"),
    "unknown": ("not sure it happened", "wait"),
}

_TASKS = {
    "pending": "not begun",
    "in_progress": "under way",
    "complete": "done",
    "error": "failed",
}


@dataclass(frozen=True)
class Chip:
    word: str
    tone: str


def environment() -> Environment:
    """Autoescaping everywhere; what is missing in a block is empty, never an error."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "plain": lambda text: plain(str(text or "")),
        "chip": chip,
        "task_word": task_word,
        "chosen": chosen,
        "chosen_any": lambda options, option: any(chosen(one, option) for one in options or ()),
    }
    return made


def bound(viewer: Viewer, host: str) -> dict[str, Callable[..., Any]]:
    """The functions that depend on who is reading."""

    def text(value: object) -> Markup:
        """A text object (or a bare string) as safe HTML."""
        if not isinstance(value, Mapping):
            return plain(value) if isinstance(value, str) else Markup()
        words = str(value.get("text") or "")
        if value.get("emoji") is False:
            return lines(words)
        return mrkdwn(words, viewer) if value.get("type") == "mrkdwn" else plain(words)

    return {
        "text": text,
        "mrkdwn": lambda words: mrkdwn(str(words or ""), viewer),
        "markdown": lambda words: markdown(str(words or ""), viewer),
        "rich_text": lambda block: rich_text(block, viewer),
        "table_block": lambda block: table_block(block, viewer),
        "seconds": lambda at: seconds(at, viewer),
        "named_link": lambda url, name: link(str(url), escape(str(name)), viewer),
        "outside_link": lambda url: link(str(url), escape("Open ↗"), viewer),
        "everyone": lambda: sorted(viewer.people.items(), key=lambda one: one[1]),
        "own": lambda url: own_path(str(url or ""), host),
    }


def chip(status: str) -> Chip:
    return Chip(*_CHIPS.get(status, (status, "plain")))


def task_word(status: str) -> str:
    """What a screen reader says of a task's mark."""
    return _TASKS.get(status, status)


def chosen(initial: object, option: object) -> bool:
    if not isinstance(initial, Mapping) or not isinstance(option, Mapping):
        return False
    return initial.get("value") == option.get("value")


def seconds(at: object, viewer: Viewer) -> str:
    """Seconds since 1970 or ISO 8601 as the reader's HH:MM:SS; anything else as it is."""
    try:
        moment = datetime.fromtimestamp(float(str(at)), viewer.zone)
    except (ValueError, OverflowError):
        return _iso(str(at), viewer)
    return f"{moment:%H:%M:%S}"


def own_path(url: str, host: str) -> str:
    """The path of a picture on this very server; empty for any other, which is not loaded."""
    parts = urlsplit(url)
    return parts.path if parts.scheme == "http" and parts.netloc == host else ""


def _iso(at: str, viewer: Viewer) -> str:
    try:
        return f"{datetime.fromisoformat(at).astimezone(viewer.zone):%H:%M:%S}"
    except ValueError:
        return at
