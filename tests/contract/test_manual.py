"""The manual in the package's docstring: its examples run, and it is true that it stands alone."""

from __future__ import annotations

import ast
import operator
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, TypedDict

import redis
from langgraph.graph import END, START, StateGraph

import graphs.checkpoint
from graphs.checkpoint.saver import RedisSaver
from tests.contract.colours import thread

PACKAGE = Path(graphs.checkpoint.__path__[0])


class _State(TypedDict):
    said: Annotated[list[str], operator.add]


def _examples() -> list[str]:
    paragraphs = (graphs.checkpoint.__doc__ or "").split("\n\n")
    return [textwrap.dedent(text) for text in paragraphs if text.startswith("    ")]


def test_the_examples_run_from_top_to_bottom(server: redis.Redis, redis_url: str) -> None:
    builder: Any = StateGraph(_State)
    builder.add_node("answer", lambda _: {"said": ["hi"]})
    builder.add_edge(START, "answer")
    builder.add_edge("answer", END)
    names: dict[str, Any] = {
        "builder": builder,
        "url": redis_url,
        "new_key": b"n" * 32,
        "old_key": b"o" * 32,
    }

    for example in _examples():
        exec(example, names)

    saver = names["saver"]
    assert isinstance(saver, RedisSaver)
    assert names["config"]["configurable"]["keep"] == 2
    ended = names["graph"].invoke({"said": ["hello"]}, names["config"], durability="sync")
    assert ended == {"said": ["hello", "hi"]}
    assert len(list(saver.list(thread("order-4711")))) == 2
    saver.close()


def test_errors_named_in_the_manual_are_those_there_are() -> None:
    tree = ast.parse((PACKAGE / "errors.py").read_text())
    defined = [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]

    assert len(defined) == 4
    assert [name for name in defined if f"`{name}`" not in (graphs.checkpoint.__doc__ or "")] == []


def test_it_imports_nothing_of_this_project_but_core() -> None:
    rooms = {path.parent.name for path in PACKAGE.parents[1].glob("*/__init__.py")}
    ours = [
        name
        for path in sorted(PACKAGE.glob("*.py"))
        for name in _imported(path)
        if name.split(".")[0] in rooms and not name.startswith("graphs.checkpoint")
    ]

    assert {"core", "graphs", "bot"} <= rooms
    assert ours == ["core.errors"]


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
