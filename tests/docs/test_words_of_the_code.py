"""Settings, commands, scopes and targets in the documents are those of the code."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator

import yaml
from pages import PAGES, ROOT, prose, typed

from approvals.people import People
from approvals.policy.file import load_policy
from bot.blocks.help import SUBCOMMANDS
from bot.bootstrap import declare
from bot.cli import COMMANDS
from core.clock import SystemClock

_SETTING = re.compile(r"\b(?:SLACK|SIGNOFF|OPENAI|DATABASE|REDIS|CHROMA)_[A-Z_]+\b")
#: Set by the runner for the practice workspace and by tests; docs/sandbox.md tells of them.
_INNER = {"SIGNOFF_LIMITS", "SIGNOFF_PRACTICE", "SIGNOFF_REHEARSAL", "SIGNOFF_SLACK_API"}


def _read_by_settings() -> set[str]:
    tree = ast.parse((ROOT / "bot" / "settings.py").read_text())
    (reader,) = (
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name == "read_settings"
    )
    texts = [node.value for node in ast.walk(reader) if isinstance(node, ast.Constant)]
    return {text for text in texts if isinstance(text, str) and _SETTING.fullmatch(text)}


def _table(text: str, heading: str) -> set[str]:
    """The names in the first column of the tables under this heading."""
    section = text.split(heading, 1)[1].split("\n## ", 1)[0]
    cells = re.findall(r"^\| ((?:`[^`]+`(?:, )?)+) \|", section, re.M)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_the_readme_names_every_setting_and_no_other() -> None:
    named = _table((ROOT / "README.md").read_text(), "## Settings")

    assert named == _read_by_settings() - _INNER


def test_the_sample_names_only_settings_that_are_read() -> None:
    sample = (ROOT / ".env.sample").read_text()
    named = set(re.findall(r"^([A-Z_]+)=", sample, re.M))

    assert named <= _read_by_settings() - _INNER
    # What is left out only changes where things lie, or how much is logged.
    assert _read_by_settings() - _INNER - named == {
        "SIGNOFF_CONFIG",
        "SIGNOFF_DATA",
        "SIGNOFF_LOG_LEVEL",
    }


def test_what_only_the_practice_workspace_sets_stands_in_its_page() -> None:
    assert set(_SETTING.findall((ROOT / "docs" / "sandbox.md").read_text())) >= _INNER


def test_no_page_speaks_of_a_setting_nobody_reads() -> None:
    code = "\n".join(
        path.read_text()
        for folder in ("bot", "core", "tests", "graphs", "memory", "sandbox", "llm")
        for path in (ROOT / folder).rglob("*.py")
    )
    named = {name for page in PAGES for name in _SETTING.findall(page.read_text())}

    assert sorted(name for name in named if f'"{name}"' not in code) == []


def test_every_command_in_the_documents_exists_and_the_other_way_round() -> None:
    named = {word for words in _after("signoff") for word in words[:1]}

    assert named - set(COMMANDS) == set()
    assert set(COMMANDS) - named - {"bot", "worker", "keeper", "demo", "up"} == set()


def test_every_slash_command_in_the_documents_exists_and_the_other_way_round() -> None:
    named = {word for words in _after("/signoff") for word in words[:1]}
    listed = [text for page in PAGES for text in typed(page) if text.startswith("/signoff help |")]

    assert named - set(SUBCOMMANDS) == set()
    assert [line.removeprefix("/signoff ").split(" | ") for line in listed] == [list(SUBCOMMANDS)]


def test_every_make_target_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    named = {word for words in _after("make") for word in words if re.fullmatch(r"[a-z-]+", word)}

    assert named - targets == set()


def test_the_sample_of_secrets_has_a_line_for_every_setting_of_a_connector() -> None:
    config = ROOT / "config"
    people = People.load(config / "people.yaml")
    registry = declare(people, load_policy(config / "policy.yaml"), SystemClock())
    declared = {s.name for connector in registry.connectors for s in connector.settings}

    assert set(yaml.safe_load((config / "secrets.sample.yaml").read_text())) == declared


def test_every_scope_and_event_of_the_manifest_is_explained_and_no_other() -> None:
    manifest = json.loads((ROOT / "manifest.json").read_text())
    page = (ROOT / "docs" / "security" / "approve-this-app.md").read_text()
    section = page.split("## What it asks Slack for")[1].split("\n## ")[0]
    scopes, events = section.split("| event | why |")
    rows = "\n".join(re.findall(r"^\|([^|]*)\|", events, re.M))

    assert _table(scopes, "| scope |") == set(manifest["oauth_config"]["scopes"]["bot"])
    assert set(re.findall(r"`([^`]+)`", rows)) == set(
        manifest["settings"]["event_subscriptions"]["bot_events"]
    )


def test_nobody_else_is_said_to_hold_a_credential_than_does() -> None:
    from bot.settings import HELD_BY_SOME, HOLDERS

    page = prose(ROOT / "docs" / "security" / "approve-this-app.md")
    rows = re.findall(r"^\| (`[A-Z].*?) \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|$", page, re.M)
    said = {
        name: {
            process
            for process, cell in zip(("bot", "worker-graphs", "worker-tools"), cells, strict=False)
            if "yes" in cell
        }
        for names, *cells in rows
        for name in _SETTING.findall(names)
    }

    known = {name: {p for p, held in HOLDERS.items() if name in held} for name in HELD_BY_SOME}
    assert {name: known[name] for name in said if name in known} == {
        name: holders for name, holders in said.items() if name in known
    }
    assert {"SLACK_BOT_TOKEN", "OPENAI_API_KEY", "SIGNOFF_SECRETS_FILE"} <= set(said)


def _after(word: str) -> Iterator[list[str]]:
    """The words that follow this one wherever a reader may type it."""
    found = re.compile(rf"(?:^|[\s/]bin/|^python -m bot |^\.venv/bin/){re.escape(word)} (.+)$")
    for page in PAGES:
        for text in typed(page):
            match = found.search(text)
            if match:
                yield [each for each in match[1].replace("|", " ").split() if each]
