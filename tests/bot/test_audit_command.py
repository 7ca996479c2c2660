"""`signoff audit check` as it is typed: what it prints and how it ends."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from audit.keys import KeyRing
from audit.log import Log
from bot.cli import main
from core.db import open_database
from core.schema import migrate

ROOT = Path(__file__).parents[2]


def test_a_log_that_tells_of_something_nobody_permitted_is_not_intact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever asks from outside reads it in the exit status too."""
    monkeypatch.setenv("SIGNOFF_CONFIG", str(ROOT / "config"))
    data = tmp_path / "data"
    db = open_database(f"sqlite:///{data / 'signoff.db'}")
    migrate(db)
    log = Log(keys=KeyRing.load_or_create(data / "signoff.key"))

    def told(type: str) -> str:
        with db.transaction() as session:
            return log.record(
                session,
                workspace_id="T0PRACTICE",
                type=type,
                subject="act_1",
                actor="system:tools",
                at=datetime.now(UTC),
                action_id="act_1",
            )

    told("approvals:action:proposed")
    intact = main(["audit", "check", "--data", str(data)])
    said = capsys.readouterr().out
    begun = told("tools:effect:intent")
    broken = main(["audit", "check", "--data", str(data)])
    why = capsys.readouterr().out
    db.engine.dispose()

    assert (intact, said) == (0, "intact: 1 entries, 0 with their content\n")
    assert (broken, why) == (
        1,
        f"NOT INTACT: 1 of 2 entries do not fit\n  {begun}: it was begun without a permission\n",
    )
