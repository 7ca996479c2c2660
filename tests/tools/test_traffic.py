"""Far more or far fewer calls to a connector than usual: operators are told, once (R68)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from road import PEOPLE
from sqlmodel import select

from approvals.people import People
from approvals.tables import Action
from core.db import Database
from core.posts import Post
from tests.conftest import NOW
from tools.traffic import Unusual, tell_unusual, unusual

TEAM = "T0PRACTICE"
#: The hour that is looked at begins one hour before NOW, which is full.
HOUR = NOW - timedelta(hours=1)


def called(db: Database, tool: str, times: int, *, weeks_ago: int = 0) -> None:
    at = HOUR + timedelta(minutes=30) - weeks_ago * timedelta(weeks=1)
    with db.transaction() as session:
        session.add_all(
            Action(
                id=f"act_{tool}_{weeks_ago}_{number}", workspace_id=TEAM, principal_id="ana",
                channel="C0SUPPORT", tool=tool, tool_version="1.0.0", args={}, origins={},
                status="succeeded", sent_by=at, created_at=at,
            )
            for number in range(times)
        )  # fmt: skip


def looked(db: Database) -> list[Unusual]:
    with db.read() as session:
        return list(unusual(session, workspace_id=TEAM, now=NOW))


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (20, 20, False),
        (20, 47, False),
        (20, 48, True),
        (20, 3, False),
        (20, 2, True),
        (20, 0, True),
        (4, 0, False),
        (1, 16, True),
    ],
)
def test_what_chance_explains_is_not_told(db: Database, before: int, now: int, told: bool) -> None:
    for week in (1, 2, 3, 4):
        called(db, "shop.find_order", before, weeks_ago=week)
    called(db, "shop.find_order", now)

    assert [(each.connector, each.calls, each.expected) for each in looked(db)] == (
        [("shop", now, before)] if told else []
    )


@pytest.mark.parametrize("empty_db", ["sqlite"], indirect=True)
def test_tools_of_one_connector_count_together_and_others_do_not(db: Database) -> None:
    for week in (1, 2, 3):
        called(db, "shop.find_order", 1, weeks_ago=week)
        called(db, "mail.send", 30, weeks_ago=week)
    called(db, "shop.find_order", 10)
    called(db, "shop.refund", 10)
    called(db, "mail.send", 30)

    assert [each.connector for each in looked(db)] == ["shop"]


@pytest.mark.parametrize("empty_db", ["sqlite"], indirect=True)
def test_before_two_weeks_are_known_nothing_is_said(db: Database) -> None:
    called(db, "shop.find_order", 1, weeks_ago=1)
    called(db, "shop.find_order", 500)

    assert looked(db) == []


@pytest.mark.parametrize("empty_db", ["sqlite"], indirect=True)
def test_each_operator_is_told_once_what_and_what_to_look_at(db: Database) -> None:
    people = People.parse(PEOPLE, Path("people.yaml"))
    for week in (1, 2, 3, 4):
        called(db, "shop.find_order", 20, weeks_ago=week)

    for minutes in (0, 10, 59):
        with db.transaction() as session:
            tell_unusual(session, people, now=NOW + timedelta(minutes=minutes))

    with db.read() as session:
        (post,) = session.exec(select(Post)).all()
    assert post.channel == "U0OLGA"
    assert post.body["text"].startswith(
        "0 calls to shop from 2026-11-20 08:00 UTC on, for an hour: far fewer than the 20 of "
        "other weeks then. Look whether it is asked at all"
    )
