"""Chunks of streamed content.

https://docs.slack.dev/messaging/sending-and-scheduling-messages#text-streaming
"""

from typing import Any

from sandbox.slack.blocks.kinds import Check, items, shape, string, typed, word
from sandbox.slack.blocks.tasks import MAX_FIELD, STATUS, sources

#: Text has a limit of its own, and the blocks of a chunk are checked like those of a message.
_ANY_LENGTH = 10**7


def _any_list(value: Any, at: str) -> Any:
    return items(lambda item, where: iter(()), most=_ANY_LENGTH)(value, at)


_chunk: Check = typed(
    "chunk",
    {
        "markdown_text": shape({"type": word("markdown_text"), "text": string(_ANY_LENGTH, 0)}, {}),
        "task_update": shape(
            {
                "type": word("task_update"),
                "id": string(MAX_FIELD),
                "title": string(MAX_FIELD),
                "status": STATUS,
            },
            {
                "details": string(MAX_FIELD, 0),
                "output": string(MAX_FIELD, 0),
                "sources": sources,
            },
        ),
        "plan_update": shape({"type": word("plan_update"), "title": string(MAX_FIELD)}, {}),
        "blocks": shape({"type": word("blocks"), "blocks": _any_list}, {}),
    },
)
_chunks = items(_chunk, most=_ANY_LENGTH)


def chunk_problems(chunks: list[Any]) -> tuple[str, ...]:
    """What is wrong with the chunks of one call, but for the length of their text."""
    return tuple(_chunks(chunks, "/chunks"))
