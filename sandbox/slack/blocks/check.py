"""Checks whole messages and views: shapes first, then what shapes cannot say."""

from collections.abc import Iterator
from typing import Any

from sandbox.slack.blocks import shapes, tables
from sandbox.slack.blocks.find import elements_in
from sandbox.slack.blocks.kinds import problem
from sandbox.slack.shapes import Json


class BlocksTooLong(Exception):
    """The text of all blocks together is too long for one message."""


class OnlyOneTable(Exception):
    """A message has at most one table."""


def message_problems(blocks: list[Any]) -> tuple[str, ...]:
    """What is wrong with the blocks of a message. BlocksTooLong when only their sum is, and
    OnlyOneTable when only their tables are too many."""
    problems = tuple(shapes.message_blocks(blocks, "/blocks")) or tuple(_joint(blocks, "/blocks"))
    problems = problems or tuple(tables.size_problems(blocks, "/blocks"))
    if not problems and tables.count(blocks) > 1:
        raise OnlyOneTable
    if not problems and _too_long(blocks):
        raise BlocksTooLong
    return problems


def view_problems(view: Json, *, kind: str) -> tuple[str, ...]:
    """What is wrong with a view; `kind` is what the method takes: `modal` or `home`."""
    if view.get("type") != kind:
        return (problem(f"must be a view of type {kind}", "/view/type"),)
    problems = tuple(shapes.view(view, "/view"))
    return problems or tuple(_view_wide(view))


def _joint(blocks: list[Json], at: str) -> Iterator[str]:
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        block_id = block.get("block_id")
        if block_id is not None and block_id in seen:
            yield problem(f"`block_id` {block_id} already exists: must be unique", f"{at}/{index}")
        seen.add(block_id or "")
        yield from _own(block, f"{at}/{index}")


def _own(block: Json, at: str) -> Iterator[str]:
    if block["type"] == "section" and not block.get("text") and not block.get("fields"):
        yield problem("must have `text` or `fields`", at)
    if block["type"] == "image" and not block.get("image_url"):
        yield problem("missing required field: image_url", at)
    seen: set[str] = set()
    for element in elements_in(block):
        action_id = element.get("action_id")
        if action_id is not None and action_id in seen:
            reason = f"`action_id` {action_id} already exists in this block: must be unique"
            yield problem(reason, at)
        seen.add(action_id or "")
        yield from _choice(element, at)


def _choice(element: Json, at: str) -> Iterator[str]:
    if element["type"] == "static_select":
        given = [key for key in ("options", "option_groups") if element.get(key)]
        if len(given) != 1:
            yield problem("must have either `options` or `option_groups`", at)
    wanted = element.get("initial_option")
    values = {option["value"] for option in options_of(element)}
    if wanted and wanted["value"] not in values:
        yield problem("`initial_option` must be one of the options", at)


def options_of(element: Json) -> list[Json]:
    """All options of a select, checkboxes or radio buttons."""
    grouped = [o for group in element.get("option_groups") or () for o in group["options"]]
    return [*(element.get("options") or ()), *grouped]


def _view_wide(view: Json) -> Iterator[str]:
    yield from _joint(view["blocks"], "/view/blocks")
    has_input = any(block["type"] == "input" for block in view["blocks"])
    if view["type"] == "modal" and has_input and not view.get("submit"):
        yield problem("missing required field: submit (the view has inputs)", "/view")


def _too_long(blocks: list[Json]) -> bool:
    markdown = sum(len(block["text"]) for block in blocks if block["type"] == "markdown")
    return markdown > shapes.MAX_MARKDOWN or (
        markdown > 0 and _characters(blocks) > shapes.MAX_WITH_MARKDOWN
    )


def _characters(value: Any) -> int:
    if isinstance(value, dict):
        own = value.get("text")
        rest = sum(_characters(item) for key, item in value.items() if key != "text")
        return rest + (len(own) if isinstance(own, str) else _characters(own))
    if isinstance(value, list):
        return sum(_characters(item) for item in value)
    return 0
