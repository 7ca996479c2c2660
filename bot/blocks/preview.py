"""A turn while it runs: chunks of a stream, or the whole message drawn anew. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.blocks.limits import FALLBACK
from bot.blocks.markdown import harmless, split
from bot.blocks.parts import Block, Message, actions, button, context
from bot.blocks.text import cut, escape, one_line
from graphs.runtime.preview import Task

#: Of what is streamed into one message Slack takes 12,000 characters, titles of tasks included.
MOST_TEXT = 9_000
_MOST_TASKS = 12
_TITLE = 160
PLAN = "Working on it"
_STOPPED = "Stopped here"
_WRITING = "Still writing…"
_SIGNS = {"pending": "○", "in_progress": "…", "complete": "✓", "error": "✗"}


def safe(steps: Mapping[int, str]) -> str:
    """What the model said at each step so far, as it may be shown. What is added to its end later
    leaves this a beginning of the whole."""
    said = [steps[step].strip() for step in sorted(steps) if steps[step].strip()]
    text = "\n\n".join(said)
    # `harmless` looks one character ahead.
    return harmless(text[:-1] if text.endswith(("<", "!", "\r")) else text)[:MOST_TEXT]


def opening(post_id: str, turn_id: str, *, stop: bool) -> Block:
    """The first chunk of a stream: a Stop button, or a line where Slack shows one of its own. By
    this block the message is found again."""
    line = {**context(_WRITING), "block_id": post_id}
    return {"type": "blocks", "blocks": [_stop(post_id, turn_id) if stop else line]}


def added(text: str, tasks: Sequence[Task], *, plan: bool) -> list[Block]:
    """Chunks for more text and for tasks as they stand now; `plan` titles the first of them."""
    chunks: list[Block] = []
    if tasks and plan:
        chunks.append({"type": "plan_update", "title": PLAN})
    for task in tasks[:_MOST_TASKS]:
        update = {"id": task.id, "title": _title(task), "status": task.progress}
        chunks.append({"type": "task_update", **update})
    if text:
        chunks.append({"type": "markdown_text", "text": text})
    return chunks


def drawn(post_id: str, turn_id: str, text: str, tasks: Sequence[Task]) -> Message:
    """The same as one message, for where it cannot be streamed."""
    blocks: list[Block] = []
    if tasks:
        lines = (f"{_SIGNS[task.progress]} {escape(_title(task))}" for task in tasks[:_MOST_TASKS])
        blocks.append(context("\n".join(lines)))
    if text.strip():
        blocks.append({"type": "markdown", "text": split(text)[0]})
    return Message(cut(escape(text.strip() or PLAN), FALLBACK), (*blocks, _stop(post_id, turn_id)))


def broken_off(message: Mapping[str, Any], post_id: str) -> Message:
    """The message as Slack has it, without its Stop button and marked as stopped."""
    mark = f"{post_id}:stopped"
    kept = [
        _ended(block)
        for block in message.get("blocks") or ()
        if block.get("block_id") not in (post_id, mark)
    ]
    ending = {**context(f"{_STOPPED}."), "block_id": mark}
    text = str(message.get("text") or "")
    return Message(cut(text, FALLBACK) or f"{_STOPPED}.", (*kept, ending))


def _stop(post_id: str, turn_id: str) -> Block:
    return {**actions(button("Stop", "stop", turn_id)), "block_id": post_id}


def _title(task: Task) -> str:
    return harmless(one_line(task.title, _TITLE))


def _ended(block: Block) -> Block:
    """Nothing in a message that was stopped goes on working."""
    if block.get("type") == "plan":
        title = _STOPPED if block.get("title") == PLAN else block.get("title")
        return {**block, "title": title, "tasks": [_ended(task) for task in block["tasks"]]}
    if block.get("type") == "task_card" and block.get("status") in ("pending", "in_progress"):
        return {**block, "status": "error"}
    return block
