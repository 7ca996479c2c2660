"""A message whose text is still being streamed, and what each chunk adds to it.

https://docs.slack.dev/reference/methods/chat.startStream and .../chat.appendStream
"""

from dataclasses import dataclass
from typing import Any

from sandbox.slack.blocks import normal_blocks
from sandbox.slack.shapes import Json

DISPLAYS = ("timeline", "plan", "dense")


@dataclass
class Stream:
    """`until`: when Slack cuts it off (seconds since 1970). `mode`: `text` or `chunks`, whichever
    its first content was, and empty before. `size`: characters of everything streamed."""

    until: float
    display: str = "timeline"
    mode: str = ""
    size: int = 0
    title: str = ""
    #: `streaming`, `stopped` (by a person; the app has yet to end it) or `completed`.
    state: str = "streaming"

    def state_at(self, now: float) -> str:
        """The state, or `cut_off` when nobody ended it in time."""
        return "cut_off" if self.state == "streaming" and now > self.until else self.state


def add(chunk: Json, stream: Stream, blocks: list[Json]) -> None:
    """Changes `stream` and `blocks` as Slack shows the checked chunk."""
    stream.size += size_of(chunk)
    match chunk["type"]:
        case "markdown_text":
            _add_text(str(chunk["text"]), blocks)
        case "task_update":
            _task(chunk, stream, blocks)
        case "plan_update":
            stream.title = str(chunk["title"])
            if stream.display == "plan":
                _plan(stream, blocks)["title"] = stream.title
        case "blocks":
            blocks.extend(normal_blocks(chunk["blocks"]))


def size_of(chunk: Json) -> int:
    """Characters that count for the length of the whole message."""
    return sum(len(chunk.get(key) or "") for key in ("text", "title", "details", "output"))


def _add_text(text: str, blocks: list[Json]) -> None:
    """Goes on with the text at the end, or begins a new one below tasks and blocks."""
    if not text:
        return
    if blocks and blocks[-1]["block_id"].startswith("stream-text"):
        blocks[-1]["text"] += text
    else:
        block_id = f"stream-text-{len(blocks)}"
        blocks.append({"type": "markdown", "block_id": block_id, "text": text})


def _task(chunk: Json, stream: Stream, blocks: list[Json]) -> None:
    """The first update of an id makes its card, in its place; later ones change that card: title
    and status are replaced, details, output and sources are added to."""
    cards = _plan(stream, blocks)["tasks"] if stream.display == "plan" else blocks
    known = (card for card in cards if card.get("task_id") == chunk["id"])
    card = next(known, None)
    if card is None:
        card = normal_blocks([{"type": "task_card", "task_id": chunk["id"]}])[0]
        cards.append(card)
    card.update(title=chunk["title"], status=chunk["status"])
    for key in ("details", "output"):
        if chunk.get(key):
            card[key] = _rich_text(_plain(card.get(key)) + chunk[key])
    if chunk.get("sources"):
        card["sources"] = [*card.get("sources", ()), *chunk["sources"]]


def _plan(stream: Stream, blocks: list[Json]) -> Json:
    """The one plan of a message, where its first task stands."""
    for block in blocks:
        if block["type"] == "plan" and block["block_id"] == "stream-plan":
            return block
    plan: Json = {"type": "plan", "block_id": "stream-plan", "title": stream.title, "tasks": []}
    blocks.append(plan)
    return plan


def _rich_text(text: str) -> Json:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [section]}


def _plain(block: Any) -> str:
    """The words of a rich text made by `_rich_text`."""
    return str(block["elements"][0]["elements"][0]["text"]) if block else ""
