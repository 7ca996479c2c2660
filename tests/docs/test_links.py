"""What the documents point at exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pages import NAMES, ROOT, prose, spans, tracked

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.M)
_PATH = re.compile(r"^[\w.-]+(/[\w.-]+)*/?$")
_ENDINGS = (".py", ".md", ".yaml", ".json", ".toml", ".lock", ".sh", ".sample")
#: Made by the reader, following a how-to.
_TO_BE_MADE = re.compile(r"parcels|^secrets\.yaml$")


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_somewhere(name: str) -> None:
    broken = [link for link in _LINK.findall(prose(ROOT / name)) if not _leads(ROOT / name, link)]

    assert broken == []


@pytest.mark.parametrize("name", NAMES)
def test_every_file_that_is_named_exists(name: str) -> None:
    known = tracked()
    tops = {each.partition("/")[0] for each in known}
    bare = {Path(each).name for each in known}

    def missing(span: str) -> bool:
        if not _PATH.match(span) or _TO_BE_MADE.search(span):
            return False
        if "/" in span and span.partition("/")[0] in tops:
            return not (ROOT / span).exists()
        return "/" not in span and span.endswith(_ENDINGS) and span not in bare

    assert [span for span in spans(ROOT / name) if missing(span)] == []


def test_every_decision_has_a_number_of_its_own() -> None:
    numbers = [path.name[:4] for path in (ROOT / "docs" / "adr").glob("*.md")]

    assert sorted(numbers) == [f"{n:04}" for n in range(1, len(numbers) + 1)]


def test_every_test_that_the_threat_model_names_exists() -> None:
    page = ROOT / "docs" / "security" / "approve-this-app.md"
    code = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    named = [span for span in spans(page) if span.startswith("test_")]

    assert named
    assert [name for name in named if f"def {name}(" not in code] == []


def _leads(page: Path, link: str) -> bool:
    if re.match(r"^(https?|mailto):", link):
        return True
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return False
    return not anchor or anchor in {_anchor(text) for text in _HEADING.findall(target.read_text())}


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
