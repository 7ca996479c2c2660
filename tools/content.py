"""What exactly is permitted: validated arguments, their digest, and what an action is alike to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from approvals.tables import Action
from core.canonical import NotCanonical, digest
from tools.contract import Arguments, Refused, Tool

_SHOWN_PROBLEMS = 5


def validated(tool: Tool, raw: Mapping[str, Any]) -> Arguments:
    """The arguments as the tool's own model. Raises `Refused` with a sentence a model can use."""
    try:
        return tool.args.model_validate(raw)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        what = "; ".join(_problem(entry) for entry in found[:_SHOWN_PROBLEMS])
        raise Refused(
            f"The arguments do not fit {tool.name}: {what}.", code="invalid_arguments"
        ) from error


def plain(args: Arguments) -> dict[str, Any]:
    """The arguments as the plain JSON that is stored, shown and hashed."""
    return args.model_dump(mode="json")


def as_shown(tool: Tool, raw: Mapping[str, Any]) -> Arguments:
    """The arguments read from the very values that are shown and permitted. Raises `Refused` where
    reading those gives others again: then what is done would not be what was shown."""
    shown = plain(validated(tool, raw))
    args = validated(tool, shown)
    if plain(args) != shown:
        raise Refused(
            f"The arguments do not fit {tool.name}: read twice, they are not the same.",
            code="invalid_arguments",
        )
    return args


def content_digest(
    tool: Tool, *, args: Mapping[str, Any], principal_id: str, facts: Mapping[str, Any]
) -> str:
    """Of tool, version, arguments, principal and pinned facts: what a permission is bound to.

    Raises `NotCanonical` when arguments or facts are not plain JSON without fractions.
    """
    return digest(
        {
            "tool": tool.name,
            "version": tool.version,
            "args": args,
            "principal": principal_id,
            "facts": facts,
        }
    )


def alike_digest(tool: Tool, args: Mapping[str, Any]) -> str:
    """Of the tool and its authority arguments (all arguments where it names none)."""
    deciding = {name: args.get(name) for name in tool.authority} or args
    return digest({"tool": tool.name, "authority": deciding})


def unchanged(tool: Tool, action: Action) -> bool:
    """Whether the row still is what was permitted, under the tool as it is declared now."""
    try:
        now = content_digest(
            tool, args=action.args, principal_id=action.principal_id, facts=action.facts or {}
        )
    except NotCanonical:
        return False
    return now == action.digest


def as_permitted(tool: Tool, action: Action) -> bool:
    """The same under the tool as it was declared then: an intent outlives a newer declaration."""
    return unchanged(replace(tool, version=action.tool_version), action)


def same_facts(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> bool:
    """Whether the pinned facts are still so. Facts that are not plain JSON are never the same."""
    try:
        return digest(dict(before or {})) == digest(dict(after))
    except NotCanonical:
        return False


def _problem(entry: Mapping[str, Any]) -> str:
    where = ".".join(str(part) for part in entry["loc"]) or "arguments"
    return f"{where}: {entry['msg'].rstrip('.').lower()}"
