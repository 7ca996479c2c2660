"""Block Kit as this workspace accepts it: shapes and limits as data, and their check."""

from sandbox.slack.blocks.check import (
    BlocksTooLong,
    OnlyOneTable,
    message_problems,
    view_problems,
)
from sandbox.slack.blocks.find import element_of, inputs_of
from sandbox.slack.blocks.normal import normal_blocks

__all__ = [
    "BlocksTooLong",
    "OnlyOneTable",
    "element_of",
    "inputs_of",
    "message_problems",
    "normal_blocks",
    "view_problems",
]
