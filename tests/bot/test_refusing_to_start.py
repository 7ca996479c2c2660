"""What a process cannot work with stops its start with one sentence: file, line, mend; never a
traceback. The rest of the command line answers as plainly."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from audit.keys import KeyRing
from bot.bootstrap import lay_floor
from bot.cli import main
from bot.settings import read_settings
from core.db import open_database
from core.errors import ConfigError, StorageError
from core.schema import migrate

ROOT = Path(__file__).resolve().parents[2]
#: A port that nothing listens on.
NOWHERE = "127.0.0.1:1"


@dataclass(frozen=True)
class Place:
    """An installation: its folder, its configuration, and an environment that would serve."""

    data: Path
    config: Path
    env: Mapping[str, str]

    def run(self, command: str, **env: str) -> subprocess.CompletedProcess[str]:
        """`signoff COMMAND` with these settings over the others; it must end by itself."""
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("SLACK_", "OPENAI_"))}
        return subprocess.run(
            [sys.executable, "-m", "bot", *command.split()],
            cwd=ROOT,
            env={**plain, **self.env, **env},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    data, config = tmp_path / "data", tmp_path / "config"
    shutil.copytree(ROOT / "config", config)
    migrate(open_database(f"sqlite:///{data / 'signoff.db'}"))
    secrets = config / "secrets.yaml"
    shutil.copy(config / "secrets.sample.yaml", secrets)
    secrets.chmod(0o600)
    env = {
        "SIGNOFF_DATA": str(data),
        "SIGNOFF_CONFIG": str(config),
        "SIGNOFF_SECRETS_FILE": str(secrets),
        "SIGNOFF_SLACK_API": f"http://{NOWHERE}/api/",
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_APP_TOKEN": "xapp-1",
        "OPENAI_API_KEY": "key",
        "REDIS_URL": f"redis://{NOWHERE}/0",
    }
    return Place(data, config, env)


@pytest.mark.parametrize(
    ("file", "old", "new", "command", "says"),
    [
        ("people", "slack_id: U0FINN", "slack_id: U0ANA", "keeper", "Give each person their own"),
        ("policy", "  - name:", "  - title:", "keeper", "rules.0.name is missing"),
        ("automations", 'at: "09:00"', 'at: "9 am"', "keeper", "Compare with the starter file"),
        ("models", "version: 1", "version: 1\n\tlive", "worker graphs", "Check the indentation"),
        ("secrets", 'SHOP_API_KEY: ""', "SHOP_API_KEY: 0123", "worker tools", "Put it in quotes"),
    ],
)
def test_a_broken_file_stops_the_process_that_reads_it(
    place: Place, file: str, old: str, new: str, command: str, says: str
) -> None:
    path = place.config / f"{file}.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))

    ended = place.run(command)

    _refused(ended, f"{path}, line ", says)


@pytest.mark.parametrize(
    ("command", "env", "says"),
    [
        ("bot", {"SLACK_BOT_TOKEN": ""}, "SLACK_BOT_TOKEN is missing. Set it in"),
        ("bot", {}, "Slack cannot be reached"),
        ("worker graphs", {"OPENAI_API_KEY": ""}, "OPENAI_API_KEY is missing"),
        ("worker tools", {"SIGNOFF_SECRETS_FILE": ""}, "SIGNOFF_SECRETS_FILE is missing"),
        ("keeper", {"DATABASE_URL": f"postgresql://{NOWHERE}/x"}, "database cannot be reached"),
    ],
)
def test_a_setting_that_is_missing_or_wrong_is_named(
    place: Place, command: str, env: Mapping[str, str], says: str
) -> None:
    _refused(place.run(command, **env), says)


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"SLACK_BOT_TOKEN": "xapp-1"}, "SLACK_BOT_TOKEN should start with xoxb-"),
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_SIGNING_SECRET (HTTP) is missing"),
        (
            {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xoxb-2"},
            "SLACK_APP_TOKEN should start with xapp-",
        ),
        ({"SIGNOFF_BIND": "8307"}, "write it as host:port"),
        ({"SIGNOFF_LIMITS": "soon"}, "is not JSON like"),
        ({"SIGNOFF_LOG_LEVEL": "LOUD"}, "use one of INFO"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(env: Mapping[str, str], says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_settings(env).slack()

    assert says in refused.value.sentence


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(StorageError, match="use sqlite:///path or postgresql://"):
        open_database("mysql://x/y")


@pytest.mark.parametrize("acting", [True, False], ids=["the tool worker", "any other"])
def test_a_connectors_credential_in_the_environment_is_refused(place: Place, acting: bool) -> None:
    """P1: it would lie open to all of them. Every process lays this floor."""
    environ = {**place.env, "SHOP_API_KEY": "very-secret"}

    with pytest.raises(ConfigError, match="SHOP_API_KEY must not be in the environment"):
        lay_floor(read_settings(environ), environ, acting=acting)


def test_a_process_that_finds_one_ends_without_repeating_it(place: Place) -> None:
    ended = place.run("keeper", SHOP_API_KEY="very-secret")

    _refused(ended, "SHOP_API_KEY must not be in the environment")
    assert "very-secret" not in ended.stderr


def test_a_database_that_is_behind_is_not_worked_with(place: Place) -> None:
    ended = place.run("keeper", DATABASE_URL=f"sqlite:///{place.data / 'empty.db'}")

    _refused(ended, "The database is not up to date. Run `signoff release` first.")


def test_the_command_line_answers_in_sentences(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNOFF_DATA", str(tmp_path / "elsewhere"))
    data = tmp_path / "data"

    def said(*args: str) -> str:
        assert main([*args, "--data", str(data)]) == 2
        return capsys.readouterr().err

    assert f"There is no database in {data}" in said("why")
    assert not data.exists()
    open_database(f"sqlite:///{data / 'signoff.db'}").engine.connect().close()
    assert "signoff.key is missing" in said("why")
    KeyRing.load_or_create(data / "signoff.key")
    assert "Run `signoff release` first" in said("audit", "show", "act_1")
    migrate(open_database(f"sqlite:///{data / 'signoff.db'}"))
    assert "There is no action act_1. `signoff why` shows the latest." in said("why", "act_1")
    assert "Nothing was asked for yet." in said("why")
    assert "none.yaml is missing" in said("policy", "check", str(tmp_path / "none.yaml"))


def _refused(ended: subprocess.CompletedProcess[str], *says: str) -> None:
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    last = ended.stderr.strip().splitlines()[-1]
    assert last.startswith("signoff: ")
    for words in says:
        assert words in last
