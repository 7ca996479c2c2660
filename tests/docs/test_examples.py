"""The examples in the how-tos work as they stand there."""

from __future__ import annotations

import importlib
import re
import sys
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml
from pages import ROOT, blocks

import tools.connectors
from approvals.people import People
from approvals.people_file import PeopleFile, PersonEntry
from approvals.policy.cases import CEL_NAMES
from approvals.policy.entries import PolicyFile, RuleEntry
from approvals.policy.file import load_policy, parse_policy
from approvals.policy.fixtures import _Example
from approvals.policy.fixtures import run as run_cases
from approvals.policy.stage_entries import StageEntry
from bot.events.rules import EventEntry, load_event_rules
from bot.events.signatures import is_genuine, is_id, read_keys
from bot.schedules import load_automations
from graphs.runtime.budget import Budget
from llm.config import ModelsConfig
from scripts.connector_pages import FOLDER, pages

HOW_TO = ROOT / "docs" / "how-to"
_NAMED = re.compile(r"^`([\w/.]+\.py)`:\n\n```python\n(.*?)^```$", re.M | re.S)
_HEAD = "default_approvers: group:operations\n"


def test_the_page_of_each_connector_is_up_to_date() -> None:
    committed = {path.name: path.read_text() for path in FOLDER.glob("*.md")}

    assert committed == pages(), "run: python -m scripts.connector_pages"


@pytest.mark.parametrize("name", ["write-the-policy.md", "add-a-connector.md"])
def test_every_policy_in_a_how_to_can_be_used(name: str) -> None:
    texts = [text for text in blocks(HOW_TO / name, "yaml") if "rules:" in text]

    assert texts
    for text in texts:
        whole = text if "default_approvers" in text else _HEAD + text
        assert parse_policy(whole, Path(name)).rules


def test_the_policys_how_to_names_every_key_in_its_table_and_no_other() -> None:
    page = (HOW_TO / "write-the-policy.md").read_text()
    conditions, follows = _keys(page, "## Conditions"), _keys(page, "## What follows")

    assert _keys(page, "## The file") == set(PolicyFile.model_fields)
    assert conditions & follows == set()
    assert conditions | follows == set(RuleEntry.model_fields) - {"name"}
    assert set(StageEntry.model_fields) <= follows
    assert _keys(page, "## Conditions in CEL") == set(CEL_NAMES)


def test_the_policys_how_to_names_every_key_of_an_example() -> None:
    page = (HOW_TO / "write-the-policy.md").read_text()
    section = page.split("## Examples that are played")[1]

    assert [key for key in _Example.model_fields if not re.search(rf"\b{key}\b", section)] == []


def test_the_head_of_the_starter_policy_names_every_key() -> None:
    head = (ROOT / "config" / "policy.yaml").read_text().split("default_approvers:")[0]

    assert [key for key in RuleEntry.model_fields if not re.search(rf"\b{key}\b", head)] == []


def test_the_peoples_how_to_names_every_key_in_its_table_and_no_other() -> None:
    keys = _keys((HOW_TO / "add-people.md").read_text(), "# Add people")

    assert keys == ({*PeopleFile.model_fields} | {*PersonEntry.model_fields}) - {"people"}


def test_the_cases_in_the_how_to_come_out_as_written(tmp_path: Path) -> None:
    (text,) = (t for t in blocks(HOW_TO / "write-the-policy.md", "yaml") if "cases:" in t)
    path = tmp_path / "cases.yaml"
    path.write_text(text)
    config = ROOT / "config"

    tried = run_cases(
        load_policy(config / "policy.yaml"), People.load(config / "people.yaml"), path
    )

    assert [case.problem for case in tried] == [None]


def test_the_people_in_the_how_to_can_be_used() -> None:
    (text,) = blocks(HOW_TO / "add-people.md", "yaml")

    people = People.parse(text, Path("people.yaml"))

    assert [person.id for person in people.everyone] == ["ana", "finn", "olga"]


def test_the_digest_in_the_how_to_can_be_used(tmp_path: Path) -> None:
    (text,) = blocks(HOW_TO / "schedule-a-digest.md", "yaml")
    path = tmp_path / "automations.yaml"
    path.write_text(text)

    assert [entry.name for entry in load_automations(path).digests] == ["support-morning"]


def test_the_rule_for_events_in_the_how_to_can_be_used_and_every_key_is_named(
    tmp_path: Path,
) -> None:
    page = HOW_TO / "start-on-an-event.md"
    rule, sources = blocks(page, "yaml")
    path = tmp_path / "automations.yaml"
    path.write_text(rule + sources)
    people = People.load(ROOT / "config" / "people.yaml")

    assert load_automations(path).rates == {"shop": 600}
    assert [entry.name for entry in load_automations(path).events] == ["parcel-lost"]
    assert len(load_event_rules(path, people)) == 1
    assert _keys(page.read_text(), "# Start on an event") == set(EventEntry.model_fields)


def test_the_sender_in_the_how_to_signs_as_it_must() -> None:
    (code,) = blocks(HOW_TO / "start-on-an-event.md", "python")
    secret = "whsec_" + "QUJD" * 8
    seen: list[bool] = []

    class Receives(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            names = ("webhook-id", "webhook-timestamp", "webhook-signature")
            id, at, given = (self.headers[name] for name in names)
            keys = read_keys(f"shop={secret}")["shop"]
            seen.append(is_id(id) and is_genuine(keys, id, at, body, given, now=datetime.now(UTC)))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Receives) as server:
        Thread(target=server.handle_request, daemon=True).start()
        scope: dict[str, Any] = {}
        exec(code, scope)
        scope["send"](f"http://127.0.0.1:{server.server_port}/", secret, "msg_1", {"a": 1})

    assert seen == [True]


def test_the_models_in_the_how_to_are_those_of_the_starter_file(tmp_path: Path) -> None:
    (text,) = blocks(HOW_TO / "use-a-real-model.md", "yaml")
    path = tmp_path / "models.yaml"
    path.write_text(text)

    assert ModelsConfig.load(path) == ModelsConfig.load(ROOT / "config" / "models.yaml")


def test_the_limits_in_the_how_to_are_those_of_the_starter_file(tmp_path: Path) -> None:
    page = HOW_TO / "set-limits.md"
    (text,) = blocks(page, "yaml")
    path = tmp_path / "limits.yaml"
    path.write_text(text)
    starter = Budget.load(ROOT / "config" / "limits.yaml")

    assert replace(Budget.load(path), digest=starter.digest) == starter
    assert {f"| `{name}` |" in page.read_text() for name in yaml.safe_load(text)["turn"]} == {True}


def test_the_connector_in_the_how_to_passes_its_own_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = dict(_NAMED.findall((HOW_TO / "add-a-connector.md").read_text()))
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    room = str(tmp_path / "tools" / "connectors")
    monkeypatch.setattr(tools.connectors, "__path__", [*tools.connectors.__path__, room])
    monkeypatch.syspath_prepend(str(tmp_path / "tests" / "connectors"))

    try:
        written = importlib.import_module("test_connector_parcels")
        tests = [value for name, value in vars(written).items() if name.startswith("test_")]
        for test in tests:
            test()
    finally:
        for name in [n for n in sys.modules if "parcels" in n]:
            del sys.modules[name]

    assert len(files) == 5
    assert len(tests) == 1


def test_the_policy_of_the_worked_connector_is_about_its_tool() -> None:
    (text,) = blocks(HOW_TO / "add-a-connector.md", "yaml")

    assert yaml.safe_load(text)["rules"][0]["tool"] == "parcels.book"


def _keys(page: str, heading: str) -> set[str]:
    """The keys in the first column of the tables under this heading."""
    section = page.split(f"{heading}\n", 1)[1].split("\n## ", 1)[0]
    return {word for cell in re.findall(r"^\| (`.*?) \|", section, re.M) for word in _words(cell)}


def _words(cell: str) -> list[str]:
    return [span.split(":")[0] for span in re.findall(r"`([^`]+)`", cell)]
