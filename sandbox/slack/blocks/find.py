"""Finding elements in checked blocks."""

from collections.abc import Iterator

from sandbox.slack.shapes import Json


def elements_in(block: Json) -> Iterator[Json]:
    """The elements of one block that a person can use."""
    if block["type"] in ("actions", "context_actions"):
        yield from block["elements"]
    elif block["type"] == "input":
        yield block["element"]
    elif block.get("accessory") and block["accessory"]["type"] != "image":
        yield block["accessory"]


def element_of(
    blocks: list[Json], action_id: str, *, block_id: str | None = None, value: object = None
) -> tuple[Json, Json] | None:
    """(block, element) with this action_id. Where buttons of several blocks share it, the one in
    `block_id` or with this value; else the first. Blocks of an edited message have new ids: a
    press on the same button (by its value) counts although it was seen before the edit."""
    found = [
        (block, element)
        for block in blocks
        for element in elements_in(block)
        if element.get("action_id") == action_id
    ]
    exact = [pair for pair in found if value is not None and pair[1].get("value") == value]
    if block_id is None:
        return next(iter(exact or found), None)
    there = [pair for pair in found if pair[0]["block_id"] == block_id]
    return next(iter([pair for pair in there if pair in exact] or there or exact), None)


def inputs_of(blocks: list[Json]) -> list[tuple[Json, Json]]:
    """(block, element) of every input block, in order."""
    return [(block, block["element"]) for block in blocks if block["type"] == "input"]
