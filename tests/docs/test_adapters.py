"""Other systems are reached by connectors alone; thinking and permission never call one (R57)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import ROOT

#: What speaks to something outside the process.
NETWORK = frozenset(
    {"aiohttp", "aiosmtplib", "caldav", "ftplib", "http.client", "httpx", "imaplib", "mailbox"}
    | {"paramiko", "poplib", "requests", "smtplib", "socket", "urllib.request", "urllib3"}
)
#: Rooms that never do. (`llm` reaches the model by openai, `bot` Slack, `memory` Chroma.)
SILENT = ("approvals", "audit", "core", "graphs")


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def reaches(room: str) -> dict[str, set[str]]:
    found = {}
    for path in sorted((ROOT / room).rglob("*.py")):
        names = set(imported(path)) & NETWORK
        if names:
            found[str(path.relative_to(ROOT))] = names
    return found


@pytest.mark.parametrize("room", SILENT)
def test_who_permits_or_thinks_calls_nobody(room: str) -> None:
    assert reaches(room) == {}


def test_who_acts_reaches_out_in_connectors_alone() -> None:
    """The executor, the registry and the reconciler go through what a connector declares."""
    found = {name for name in reaches("tools") if not name.startswith("tools/connectors/")}

    assert found == set()
    assert any(name.startswith("tools/connectors/") for name in reaches("tools"))


def test_nobody_but_the_tools_room_imports_a_connector() -> None:
    rooms = ("approvals", "audit", "bot", "core", "graphs", "llm", "memory")
    found = [
        str(path.relative_to(ROOT))
        for room in rooms
        for path in (ROOT / room).rglob("*.py")
        if any(name.startswith("tools.connectors") for name in imported(path))
    ]

    assert found == []
