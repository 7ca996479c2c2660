"""Far more or far fewer calls to a connector than usual: operators are told, once (R68)."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from road import PEOPLE
from sqlmodel import select

from approvals.people import People
from approvals.tables import Action
from core.db import Database
from core.posts import Post
from tests.conftest import NOW
from tools.traffic import Unusual, judge, tell_unusual, unusual

TEAM = "T0PRACTICE"
#: The hour that is looked at begins one hour before NOW, which is full. It is a Friday.
HOUR = NOW - timedelta(hours=1)
STEADY = [40, 38, 45, 41, 39, 43, 40, 44]
on_sqlite = pytest.mark.parametrize("empty_db", ["sqlite"], indirect=True)
NUMBERS = count()


@pytest.mark.parametrize(
    ("calls", "usual", "found"),
    [
        (130, STEADY, "many"),
        (0, STEADY, "few"),
        (9, STEADY, "few"),
        (41, STEADY, None),
        (100, STEADY, None),  # not three times as many
        (20, STEADY, None),
        (29, [0] * 8, None),  # nobody's trouble
        (30, [0] * 8, "many"),
        (0, [5] * 8, None),  # so few that none may be chance
        (0, [40, 0, 90, 3, 60, 1, 80, 2], None),  # it varies that much
        (130, [40, 38, 5_000, 41, 39, 43, 40], "many"),  # one wild hour before hides none
        (5_000, STEADY[:6], None),  # too little to compare with
        (5_000, [], None),
    ],
)
def test_what_is_unusual(calls: int, usual: list[int], found: str | None) -> None:
    assert judge(calls, usual) == found


@given(st.lists(st.integers(0, 10_000), min_size=7, max_size=20))
def test_the_usual_number_is_never_unusual_and_more_is_never_few(usual: list[int]) -> None:
    middle = sorted(usual)[len(usual) // 2]

    assert judge(middle, [*usual, *usual]) is None
    assert judge(max(usual) + 1, usual) != "few"
    assert judge(0, usual) != "many"


def called(db: Database, tool: str, times: int, at: datetime = HOUR) -> None:
    """So many in the middle of that hour."""
    with db.transaction() as session:
        session.add_all(
            Action(
                id=f"act_{next(NUMBERS)}", workspace_id=TEAM, principal_id="ana",
                channel="C0SUPPORT", tool=tool, tool_version="1.0.0", args={}, origins={},
                status="succeeded", sent_by=at + timedelta(minutes=30), created_at=at,
            )
            for _ in range(times)
        )  # fmt: skip


def usually(db: Database, tool: str, times: int, *, days: int = 14, at: datetime = HOUR) -> None:
    """So many at that hour of each of so many days before, weekends left out."""
    for number in range(1, days + 1):
        if (before := at - timedelta(days=number)).weekday() < 5:
            called(db, tool, times, before)


def looked(db: Database, now: datetime = NOW) -> list[Unusual]:
    with db.read() as session:
        return list(unusual(session, workspace_id=TEAM, now=now))


def test_each_operator_is_told_once_a_day_what_and_what_to_look_at(db: Database) -> None:
    people = People.parse(PEOPLE, Path("people.yaml"))
    usually(db, "shop.find_order", 20)

    for minutes in (0, 10, 59):
        with db.transaction() as session:
            assert tell_unusual(session, people, now=NOW + timedelta(minutes=minutes)) == 1

    with db.read() as session:
        (post,) = session.exec(select(Post)).all()
    assert post.channel == "U0OLGA"
    assert post.body["text"].startswith(
        "0 calls to shop in the hour from 2026-11-20 08:00 UTC on: far fewer than the usual 20. "
        "Look whether it is asked"
    )


@on_sqlite
def test_too_many_are_found_before_the_hour_is_over_and_too_few_after_it(db: Database) -> None:
    usually(db, "shop.find_order", 20, at=NOW)
    usually(db, "mail.send", 20, at=NOW)
    called(db, "shop.find_order", 90, NOW)

    during = looked(db, NOW + timedelta(minutes=35))
    after = looked(db, NOW + timedelta(minutes=61))

    assert [(each.connector, each.what) for each in during] == [("shop", "many")]
    assert [(each.connector, each.what) for each in after] == [("mail", "few"), ("shop", "many")]


@on_sqlite
def test_tools_of_one_connector_count_together_and_others_do_not(db: Database) -> None:
    usually(db, "shop.find_order", 1)
    usually(db, "mail.send", 30)
    called(db, "shop.find_order", 20)
    called(db, "shop.refund", 20)
    called(db, "mail.send", 30)

    assert [each.connector for each in looked(db)] == ["shop"]


@on_sqlite
def test_a_weekend_is_held_against_weekends(db: Database) -> None:
    saturday = HOUR + timedelta(days=1)
    usually(db, "shop.find_order", 40, days=28, at=saturday)

    assert saturday.weekday() == 5
    assert looked(db, NOW + timedelta(days=1)) == []


@on_sqlite
def test_before_enough_is_known_nothing_is_said(db: Database) -> None:
    usually(db, "shop.find_order", 1, days=6)
    called(db, "shop.find_order", 500)

    assert looked(db) == []
