"""The documents of the repository, as the tests here read them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
_CODE = re.compile(r"`([^`\n]+)`")


def prose(page: Path) -> str:
    """The page without its code blocks."""
    return _FENCE.sub("", page.read_text())


def spans(page: Path) -> list[str]:
    """What stands in backticks outside of code blocks."""
    return _CODE.findall(prose(page))


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of this language."""
    return [text for kind, text in _FENCE.findall(page.read_text()) if kind == language]


def typed(page: Path) -> Iterator[str]:
    """What a reader may type: spans, and the lines of plain code blocks without their comments."""
    yield from spans(page)
    for block in blocks(page, ""):
        yield from (line.partition("#")[0].strip() for line in block.splitlines())


def tracked() -> list[str]:
    """Every file of the repository, new ones that are not ignored too."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.split("\0") if name]
