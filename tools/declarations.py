"""What a declaration must have, rule by rule. Pure: reads declarations, calls nothing."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from core.errors import ConfigError
from core.origins import Origin
from tools.contract import Arguments, Connector, Effect, Result, Retry, Tool

_WORD = r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*"
_CONNECTOR = re.compile(rf"^{_WORD}$")
#: No double underscore: models get the dot spelled as one.
_TOOL = re.compile(rf"^(?P<connector>{_WORD})\.{_WORD}$")
_SCOPE = re.compile(rf"^{_WORD}(?:[.:]{_WORD})+$")
_VERSION = re.compile(r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$")
_SETTING = re.compile(r"^[A-Z][A-Z0-9_]*$")
LONGEST_TIMEOUT_S = 600.0


class BadDeclaration(ConfigError):
    """A tool is not declared as it must be."""


def problems(connectors: Sequence[Connector]) -> list[str]:
    """`name: reason` for everything wrong with these; empty when all may be used."""
    names = Counter(tool.name for connector in connectors for tool in connector.tools)
    found = [f"{name}: declared {count} times" for name, count in names.items() if count > 1]
    rooms = Counter(connector.name for connector in connectors)
    found += [f"{name}: two connectors have this name" for name, n in rooms.items() if n > 1]
    for connector in connectors:
        found += [f"{connector.name}: {reason}" for reason in _of_connector(connector)]
        for tool in connector.tools:
            found += [f"{tool.name}: {reason}" for reason in _of_tool(connector, tool)]
    return found


def _of_connector(connector: Connector) -> Iterator[str]:
    if not _CONNECTOR.match(connector.name):
        yield "a connector's name is a lower-case word, like shop"
    if not _VERSION.match(connector.version):
        yield f"version {connector.version!r} is not like 1.0.0"
    if connector.per_minute < 1:
        yield "per_minute must be at least 1"
    for setting in connector.settings:
        if not _SETTING.match(setting.name):
            yield f"setting {setting.name!r} is not like SHOP_API_KEY"
        if not setting.about.strip():
            yield f"setting {setting.name} does not say what it is about"


def _of_tool(connector: Connector, tool: Tool) -> Iterator[str]:
    yield from _naming(connector, tool)
    yield from _shapes(tool)
    yield from _bounds(tool)
    if tool.effect is not Effect.READ:
        yield from _writing(tool)
        yield from _recorded(tool)


def _naming(connector: Connector, tool: Tool) -> Iterator[str]:
    match = _TOOL.match(tool.name)
    if not match or match["connector"] != connector.name:
        yield f"a tool's name is its connector's and a word, like {connector.name}.find_order"
    if not _VERSION.match(tool.version):
        yield f"version {tool.version!r} is not like 1.0.0"
    if not tool.scopes:
        yield "declares no scope"
    for scope in tool.scopes:
        if not _SCOPE.match(scope):
            yield f"scope {scope!r} is not like {connector.name}:read"
    if not inspect.cleandoc(tool.run.__doc__ or ""):
        yield "its function has no docstring, which is what a model reads"
    if not tool.can.strip():
        yield "does not say what it can do in words"


def _shapes(tool: Tool) -> Iterator[str]:
    if not _is(tool.args, Arguments):
        yield "its arguments are not a model made from Arguments"
    elif "number" in _kinds(tool.args.model_json_schema()):
        yield "its arguments hold fractions, which cannot be approved exactly: use integers"
    else:
        for name in tool.authority:
            if name not in tool.args.model_fields:
                yield f"authority argument {name!r} is not one of its arguments"
        for name in tool.editable:
            if name not in tool.args.model_fields:
                yield f"editable argument {name!r} is not one of its arguments"
    if not _is(tool.result, Result):
        yield "its result is not a model made from Result"
    elif "number" in _kinds(tool.result.model_json_schema()):
        yield "its result holds fractions, which the log cannot keep exactly: use integers"
    if tool.yields in (Origin.REQUESTER, Origin.EDITOR, Origin.QUOTED, Origin.MODEL):
        yield f"what a tool brings cannot count as {tool.yields.words}"


def _bounds(tool: Tool) -> Iterator[str]:
    if not 0 < tool.timeout_s <= LONGEST_TIMEOUT_S:
        yield f"timeout_s must lie between 0 and {LONGEST_TIMEOUT_S:g} seconds"
    if tool.per_minute < 1:
        yield "per_minute must be at least 1"
    both = set(tool.transient) & set(tool.final)
    if tool.hold_s < 0 or tool.undo_window_s < 0:
        yield "hold_s and undo_window_s are not below 0 seconds"
    if both:
        yield f"{', '.join(sorted(e.__name__ for e in both))} is both transient and final"


def _writing(tool: Tool) -> Iterator[str]:
    if tool.preview is None:
        yield "changes something but has no preview to put on the card"
    if tool.effect is Effect.REVERSIBLE and tool.undo is None:
        yield "is reversible but declares no undo"
    if tool.effect is Effect.IRREVERSIBLE and tool.undo is not None:
        yield "declares an undo but is irreversible"
    if tool.about_people and not tool.authority:
        yield "decides about a person but does not name in authority which argument that is"
    if tool.effect is Effect.IRREVERSIBLE and not tool.authority:
        yield "is irreversible but names no authority arguments"
    if tool.retry is Retry.IDEMPOTENT and not (tool.key_life_s and tool.key_life_s > 0):
        yield "is idempotent but does not say how long its key lives (key_life_s)"
    if tool.retry is Retry.VERIFIABLE and tool.verify is None:
        yield "is verifiable but has no verify"
    if tool.retry is Retry.VERIFIABLE and (tool.settle_s is None or tool.settle_s < 0):
        yield "is verifiable but does not say how long the other side may work on (settle_s)"


def _recorded(tool: Tool) -> Iterator[str]:
    shown = tool.record is not None and tool.record.both_ways
    if not shown and not tool.unrecorded.strip():
        yield (
            "changes something, but declares neither a record that shows it both ways nor what "
            "cannot be compared (unrecorded)"
        )
    if tool.record is not None and tool.record.keeps and tool.record.parts is not None:
        yield "its record keeps everything, so it is read at once, not in parts"
    if shown and tool.unrecorded:
        yield "its record shows everything, and yet it says what is not compared (unrecorded)"


def _is(model: Any, base: type[BaseModel]) -> bool:
    return isinstance(model, type) and issubclass(model, base)


def _kinds(schema: Any) -> set[str]:
    """Every JSON type named anywhere in a schema."""
    if isinstance(schema, list):
        return set().union(*(_kinds(item) for item in schema)) if schema else set()
    if not isinstance(schema, dict):
        return set()
    own = {schema["type"]} if isinstance(schema.get("type"), str) else set()
    return own.union(*(_kinds(value) for value in schema.values()))
