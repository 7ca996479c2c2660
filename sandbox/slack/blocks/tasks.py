"""Cards of tasks and plans, as streams make them and apps may post them.

https://docs.slack.dev/reference/block-kit/blocks/task-card-block and .../plan-block
"""

from sandbox.slack.blocks import rich
from sandbox.slack.blocks.kinds import Check, items, shape, string, typed, word

MAX_FIELD = 256
STATUS = word("pending", "in_progress", "complete", "error")

_id = {"block_id": string(255)}
_rich_text = typed(
    "block",
    {"rich_text": shape({"type": word("rich_text"), "elements": items(rich.part, most=1000)}, _id)},
)
sources = items(
    typed(
        "source",
        {"url": shape({"type": word("url"), "url": string(3000), "text": string(256)}, {})},
    ),
    most=50,
    least=0,
)
task_card: Check = shape(
    {"type": word("task_card"), "task_id": string(MAX_FIELD), "title": string(MAX_FIELD)},
    {
        **_id,
        "status": STATUS,
        "details": _rich_text,
        "output": _rich_text,
        "sources": sources,
    },
)
plan: Check = shape(
    {"type": word("plan"), "title": string(MAX_FIELD)},
    {**_id, "tasks": items(typed("block", {"task_card": task_card}), most=50, least=0)},
)
