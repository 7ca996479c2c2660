"""A thread that grows as a turn does: a channel of messages that gets one of 0.6 KB longer each
step, five small channels, two pending writes a step."""

from __future__ import annotations

from typing import Any

from langgraph.checkpoint.base import empty_checkpoint


def inputs(thread: str, step: int) -> tuple[Any, Any, Any]:
    """A thread's config, its checkpoint at this step, and the channels that are new in it."""
    small = {f"channel{index}": index for index in range(5)}
    messages = [{"role": "user", "content": "x" * 600} for _ in range(step + 1)]
    checkpoint = empty_checkpoint()
    checkpoint["channel_values"] = {**small, "messages": messages}
    new = {"messages": f"{step + 1:032}.0"}
    if step == 0:
        new |= dict.fromkeys(small, f"{1:032}.0")
    checkpoint["channel_versions"] = {**dict.fromkeys(small, f"{1:032}.0"), **new}
    config = {"configurable": {"thread_id": thread, "checkpoint_ns": ""}}
    return config, checkpoint, new


def writes(step: int) -> tuple[list[tuple[str, Any]], str]:
    return [("messages", "m"), ("branch:to:wait", None)], f"task-{step}"
