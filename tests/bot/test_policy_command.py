"""`signoff policy try` as it is typed: what it prints and how it ends."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from approvals.people import People
from approvals.tables import Action
from bot.cli import main
from core.db import open_database
from core.schema import migrate
from tests.approvals.conftest import said_no

ROOT = Path(__file__).parents[2]
NOW = datetime.now(UTC)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with one refund in its past, which a person rejected."""
    monkeypatch.setenv("SIGNOFF_CONFIG", str(ROOT / "config"))
    folder = tmp_path / "data"
    db = open_database(f"sqlite:///{folder / 'signoff.db'}")
    migrate(db)
    with db.transaction() as session:
        session.add(rejected := _rejected())
        session.flush()
        said_no(session, rejected.id, workspace_id=rejected.workspace_id)
    db.engine.dispose()
    return folder


def test_the_policy_in_use_changes_nothing(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["policy", "try", "--data", str(data)])

    assert status == 0
    assert "0 of 1 past actions would have come out differently." in capsys.readouterr().out


def test_a_file_that_allows_what_a_person_rejected_ends_with_1(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where its asker alone would confirm it, as with everything that cannot be undone."""
    path = data / "looser.yaml"
    path.write_text("default_approvers: group:operations\nrules: [{name: all, allow: true}]")

    status = main(["policy", "try", str(path), "--data", str(data), "--since", "30d"])

    assert status == 1
    said = capsys.readouterr().out
    change = "asked of Finance → asked of the asker, by “all”: 1 action, Ana 1; EUR 180.00"
    assert change in said
    assert "Left to the asker alone, but rejected then: 1" in said

    _can_be_undone(data)
    status = main(["policy", "try", str(path), "--data", str(data), "--since", "30d"])

    assert status == 1
    said = capsys.readouterr().out
    assert "asked of Finance → allowed, by “all”: 1 action, Ana 1; EUR 180.00" in said
    assert "ALLOWED NOW, BUT REJECTED BY A PERSON THEN: 1" in said


def _can_be_undone(folder: Path) -> None:
    db = open_database(f"sqlite:///{folder / 'signoff.db'}")
    with db.transaction() as session:
        action = session.get_one(Action, "act_1")
        action.verdict = {**(action.verdict or {}), "effect": "reversible"}
        session.add(action)
    db.engine.dispose()


@pytest.mark.parametrize(
    ("text", "since", "says"),
    [
        ("default_approvers: group:operations\nrules:\n  - {name: x}", "30d", "line 3: rule 'x'"),
        ("default_approvers: group:operations\nrules: []", "lately", "--since 'lately' is not"),
    ],
)
def test_what_cannot_be_tried_ends_with_2_and_says_where(
    data: Path, capsys: pytest.CaptureFixture[str], text: str, since: str, says: str
) -> None:
    path = data / "new.yaml"
    path.write_text(text)

    status = main(["policy", "try", str(path), "--data", str(data), "--since", since])

    assert status == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("what", ["check", "try"])
def test_a_field_that_approvers_cannot_change_is_named_with_its_line(
    data: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    path = data / "new.yaml"
    path.write_text(
        "default_approvers: group:operations\nrules:\n  - name: a\n    tool: shop.refund\n"
        "    who: group:finance\n    editable: [amount, iban]"
    )

    status = main(["policy", what, str(path), "--data", str(data)])

    assert status == 2
    assert "line 6: 'iban' is nothing that approvers can change there. Use amount, reason." in (
        capsys.readouterr().err
    )


def _rejected() -> Action:
    people = People.load(ROOT / "config" / "people.yaml")
    return Action(
        id="act_1", workspace_id=people.workspace_id, principal_id="ana", channel="C0SUPPORT",
        tool="shop.refund", tool_version="1.0.0", status="rejected", created_at=NOW,
        args={"order": "4711", "amount": {"minor": 18000, "currency": "EUR"}},
        origins={"/order": "requester", "/amount/minor": "requester"},
        preview={
            "title": "Refund EUR 180.00", "amount": {"minor": 18000, "currency": "EUR"},
            "outside": False, "own": False, "recipients": [], "authority": ["order"],
            "read_at": NOW.isoformat(),
        },
        verdict={
            "kind": "ask", "reason": "", "rules": ["refunds above EUR 100"], "four_eyes": True,
            "stages": [{"who": "group:finance", "quorum": 1, "why": ""}], "expires_in_s": 60,
            "effect": "irreversible", "digests": {"people": people.digest},
        },
    )  # fmt: skip
