"""people.yaml is read at a start: a changed one is told to operators until somebody restarts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from approvals.people import People
from bot.people_changed import PeopleOnDisk
from core.db import Database
from core.posts import Post
from tests.bot.opening import CONFIG

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
RUNS = (CONFIG / "people.yaml").read_text()
CHANGED = RUNS.replace("finance: [finn]", "finance: []")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "people.yaml"
    path.write_text(RUNS)
    return path


def look(db: Database, on_disk: PeopleOnDisk, times: int = 2) -> list[int]:
    found = []
    for number in range(times):
        with db.transaction() as session:
            found.append(on_disk.look(session, NOW + timedelta(minutes=number)))
    return found


def told(db: Database) -> list[tuple[str, str]]:
    with db.read() as session:
        posts = session.exec(select(Post).order_by(col(Post.created_at), col(Post.n))).all()
    return [(post.channel, post.body["text"]) for post in posts]


def test_operators_are_told_once_that_a_changed_file_does_not_count_yet(
    db: Database, file: Path
) -> None:
    """R4, R93: who was taken out of a group may still decide, and somebody must know."""
    on_disk = PeopleOnDisk(file, People.load(file))
    assert look(db, on_disk) == [0, 0]

    file.write_text(CHANGED)
    found = [*look(db, on_disk, 3), *look(db, PeopleOnDisk(file, People.parse(RUNS, file)))]

    assert found == [0, 1, 1, 0, 1]  # the last two: another keeper took over
    assert told(db) == [
        (
            "U0OLGA",
            "config/people.yaml was changed, and I still run with the people I was started with: "
            "nobody got or lost a right yet. Restart every process of mine, and it counts.",
        )
    ]


def test_a_restart_or_the_old_text_ends_it(db: Database, file: Path) -> None:
    on_disk = PeopleOnDisk(file, People.load(file))
    file.write_text(CHANGED)
    assert look(db, PeopleOnDisk(file, People.load(file))) == [0, 0]
    file.write_text(RUNS)

    assert look(db, on_disk) == [0, 0]
    assert told(db) == []


@pytest.mark.parametrize("text", ["people: [", "workspace: T0PRACTICE\npeopel: []\n", None])
def test_one_that_cannot_be_used_is_told_with_its_line_before_anybody_restarts(
    db: Database, file: Path, text: str | None
) -> None:
    on_disk = PeopleOnDisk(file, People.load(file))
    if text is None:
        file.unlink()
    else:
        file.write_text(text)

    assert look(db, on_disk) == [0, 1]

    [(_olga, said)] = told(db)
    assert "It cannot be used as it is, and nothing would start: " in said
    assert str(file) in said


def test_a_file_that_is_being_written_is_not_told_of(db: Database, file: Path) -> None:
    on_disk = PeopleOnDisk(file, People.load(file))
    for text in ("workspace", "workspace: T0PRACTICE\npeople:\n", RUNS):
        file.write_text(text)
        assert look(db, on_disk, 1) == [0]

    assert told(db) == []
