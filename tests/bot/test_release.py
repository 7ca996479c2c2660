"""A release looks before it changes anything: code that lost somebody's place does not start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.db import Database, open_database
from core.schema import migrate
from graphs.runtime.tables import Conversation, Turn
from tests.conftest import NOW

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def office(tmp_path: Path) -> Database:
    """A database where one message waits for a person."""
    db = open_database(f"sqlite:///{tmp_path / 'signoff.db'}")
    migrate(db)
    conversation = Conversation(
        id="conv_1",
        workspace_id="T0",
        channel="C0SUPPORT",
        thread_ts="1.0",
        kind="channel",
        place="#support",
        created_at=NOW,
    )
    turn = Turn(
        id="turn_1",
        workspace_id="T0",
        conversation_id="conv_1",
        principal_id="ana",
        channel="C0SUPPORT",
        message_ts="1.0",
        text="refund order 4711",
        context=[],
        status="waiting",
        versions={},
        created_at=NOW,
    )
    with db.transaction() as session:
        session.add(conversation)
        session.flush()
        session.add(turn)
    return db


def waits_in(db: Database, versions: dict[str, object]) -> None:
    with db.transaction() as session:
        session.get_one(Turn, "turn_1").versions = versions


@pytest.mark.parametrize("command", ["release", "worker graphs"])
@pytest.mark.parametrize(
    "versions",
    [{"graph": "assistant@0", "nodes": ["wait"]}, {"graph": "assistant@2", "nodes": ["hold"]}],
    ids=["an unknown version", "a node that is gone"],
)
def test_a_waiting_turn_without_a_place_stops_the_start(
    office: Database, tmp_path: Path, command: str, versions: dict[str, object]
) -> None:
    waits_in(office, versions)

    ended = signoff(command, tmp_path)

    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    lines = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    assert lines[:2] == [
        "signoff: this code cannot go on with what is under way, so nothing was started:",
        f"  turn_1 (waiting, #support): {versions['graph']}, {versions['nodes'][0]}",  # type: ignore[index]
    ]
    assert "Keep the version named there beside the new one" in lines[2]


@pytest.mark.parametrize("graph", ["assistant@1", "assistant@2"])
def test_a_waiting_turn_with_a_place_lets_a_release_pass(
    office: Database, tmp_path: Path, graph: str
) -> None:
    waits_in(office, {"graph": graph, "nodes": ["wait"]})

    ended = signoff("release", tmp_path)

    assert (ended.returncode, ended.stdout[:20]) == (0, "database at version ")


def test_a_first_release_has_nothing_to_look_at(tmp_path: Path) -> None:
    assert signoff("release", tmp_path).returncode == 0


def test_a_release_without_a_database_says_so(tmp_path: Path) -> None:
    ended = signoff("release", tmp_path, DATABASE_URL="postgresql://127.0.0.1:1/x")

    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert "signoff: The database cannot be reached." in ended.stderr


def signoff(command: str, data: Path, **env: str) -> subprocess.CompletedProcess[str]:
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("SLACK_", "OPENAI_"))}
    settings = {
        "SIGNOFF_DATA": str(data),
        "SIGNOFF_SLACK_API": "http://127.0.0.1:1/api/",
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_APP_TOKEN": "xapp-1",
        "OPENAI_API_KEY": "key",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
    return subprocess.run(
        [sys.executable, "-m", "bot", *command.split()],
        cwd=ROOT,
        env={**plain, **settings, **env},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
