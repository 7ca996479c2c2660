"""Slack user groups as approvers: believed while fresh, nobody when Slack does not tell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from approvals import grants
from approvals.directory import STALE, as_of
from approvals.opening import open_request
from approvals.people import People
from approvals.people_tables import UserGroup, UserGroupThen
from approvals.policy.judge import Stage
from approvals.requests import decide
from approvals.tables import Action, Request
from approvals.user_groups import EVERY, ask_due, fail, store
from audit.log import Log
from audit.tables import Event
from core.db import Database
from core.errors import ConfigError
from core.outbox import Outbox
from core.posts import Post
from tests.approvals.conftest import CROWD, NOW, Propose, verdict

BOARD = Stage("usergroup:board", 1, "much")
Read = Callable[..., None]


@pytest.fixture
def people() -> People:
    return People.parse(CROWD + "usergroups: {board: S0BOARD}\n", Path("people.yaml"))


@pytest.fixture
def read(db: Database, log: Log, people: People) -> Read:
    """Slack told who is in the group."""

    def tell(*members: str, now: datetime = NOW) -> None:
        with db.transaction() as session:
            ask_due(session, people, now=now)
            store(session, log, people, group_id="S0BOARD", members=members, now=now)

    return tell


def asked(db: Database, people: People, now: datetime) -> list[str]:
    with db.read() as session:
        return [p.id for p in as_of(session, people, now=now).asked("usergroup:board")]


def told(db: Database) -> list[str]:
    with db.read() as session:
        posts = session.exec(select(Post).where(Post.kind == "notice")).all()
    assert {post.channel for post in posts} <= {"U0OLGA"}
    return [str(post.body["text"]) for post in posts]


def test_slack_is_asked_every_few_minutes_and_once_each_time(db: Database, people: People) -> None:
    counts = []
    for minutes in (0, 1, 4, 5, 8):
        with db.transaction() as session:
            counts.append(ask_due(session, people, now=NOW + timedelta(minutes=minutes)))

    assert counts == [1, 0, 1, 0, 1]
    assert timedelta(minutes=4) == EVERY
    with db.read() as session:
        jobs = session.exec(select(Outbox).where(Outbox.job == "read_usergroup")).all()
    assert [job.args for job in jobs] == [{"group_id": "S0BOARD"}] * 3


def test_its_members_among_our_people_may_approve_while_that_is_fresh(
    db: Database, people: People, read: Read
) -> None:
    assert asked(db, people, NOW) == []

    read("U0SAM", "U0GITA", "U0FINN")

    assert asked(db, people, NOW) == ["finn", "sam"]
    assert asked(db, people, NOW + STALE - timedelta(seconds=1)) == ["finn", "sam"]
    assert asked(db, people, NOW + STALE) == []


def test_a_change_of_members_is_an_event(db: Database, read: Read) -> None:
    read("U0SAM", "U0GITA")
    read("U0SAM", "U0GITA", now=NOW + timedelta(minutes=4))
    read("U0FINN", now=NOW + timedelta(minutes=8))

    with db.read() as session:
        events = session.exec(
            select(Event).where(Event.type == "approvals:usergroup:read").order_by("at")
        ).all()
    assert [event.reason for event in events] == [
        "User group board: in it now: Sam, 1 not in people.yaml",
        "User group board: in it now: Finn; no more: Sam, 1 not in people.yaml",
    ]


def test_each_change_is_kept_for_those_who_judge_the_past_again(
    db: Database, log: Log, people: People, read: Read
) -> None:
    read("U0SAM")
    read("U0SAM", now=NOW + EVERY)
    for later in (STALE, 2 * STALE):
        with db.transaction() as session:
            fail(
                session, log, people, group_id="S0BOARD", problem="Slack told nothing of",
                gone=False, now=NOW + EVERY + later,
            )  # fmt: skip
    read("U0SAM", now=NOW + 4 * STALE)

    with db.read() as session:
        kept = session.exec(select(UserGroupThen).order_by("at")).all()
    assert [(row.at - NOW, row.members) for row in kept] == [
        (timedelta(), ["U0SAM"]),
        (EVERY + STALE, None),
        (4 * STALE, ["U0SAM"]),
    ]


def test_what_slack_does_not_tell_ends_with_nobody_and_the_owner_told_once(
    db: Database, log: Log, people: People, read: Read
) -> None:
    read("U0SAM")
    problem = "Slack did not answer when asked who is in"

    def failed(now: datetime, *, gone: bool = False) -> None:
        with db.transaction() as session:
            fail(session, log, people, group_id="S0BOARD", problem=problem, gone=gone, now=now)

    failed(NOW + EVERY)
    assert (asked(db, people, NOW + EVERY), told(db)) == (["sam"], [])
    failed(NOW + STALE)
    failed(NOW + 2 * STALE)

    assert asked(db, people, NOW + STALE) == []
    assert told(db) == [
        f"{problem} user group board. Until I know, nobody of it may approve. Check its id under "
        "usergroups in config/people.yaml, and that the app has the scope usergroups:read."
    ]


def test_a_group_that_is_gone_is_nobody_at_once(
    db: Database, log: Log, people: People, read: Read
) -> None:
    read("U0SAM")

    with db.transaction() as session:
        fail(session, log, people, group_id="S0BOARD", problem="Slack knows no", gone=True, now=NOW)

    assert asked(db, people, NOW) == []
    with db.read() as session:
        assert session.get_one(UserGroup, ("S0BOARD", people.workspace_id)).members == []


def test_a_question_to_the_group_is_answered_by_its_members_as_they_are_at_the_click(
    db: Database, log: Log, people: People, read: Read, propose_some: Propose
) -> None:
    read("U0SAM")
    request = _open(db, log, people, propose_some)
    assert request is not None

    def click(who: str, now: datetime) -> str:
        with db.transaction() as session:
            return decide(
                session, log, people, request_id=request.id, person=people.by_id(who),
                vote="approve", reason=None, now=now,
            ).sentence  # fmt: skip

    assert click("finn", NOW) == "You cannot decide this; it is for Sam (Board)."
    assert click("sam", NOW + STALE) == "You cannot decide this; it is for nobody."
    read("U0FINN", now=NOW + STALE)
    assert click("sam", NOW + STALE) == "You cannot decide this; it is for Finn (Board)."
    assert click("finn", NOW + STALE) == "Approved. I do it now."


def test_an_approval_counts_no_more_once_the_group_was_emptied_or_slack_is_silent(
    db: Database, log: Log, people: People, read: Read, propose_some: Propose
) -> None:
    read("U0SAM")
    request = _open(db, log, people, propose_some)
    assert request is not None
    with db.transaction() as session:
        decide(
            session, log, people, request_id=request.id, person=people.by_id("sam"),
            vote="approve", reason=None, now=NOW,
        )  # fmt: skip
        action = session.get_one(Action, request.action_id)
        assert action.status == "approved"
        assert grants.lapsed(session, people, action, now=NOW) is None
        assert grants.lapsed(session, people, action, now=NOW + STALE) is not None

    read(now=NOW + STALE / 2)

    with db.read() as session:
        action = session.get_one(Action, request.action_id)
        assert grants.lapsed(session, people, action, now=NOW + STALE / 2) is not None


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        (None, "Slack has not told who is in user group board"),
        ((), "user group board is empty"),
        (("U0GITA",), "user group board is empty"),
        (("U0ANA",), "nobody but the person who asks is in Board"),
    ],
)
def test_what_nobody_of_it_can_approve_is_denied_and_the_owner_told(
    db: Database, log: Log, people: People, read: Read, propose_some: Propose,
    members: tuple[str, ...] | None, reason: str,
) -> None:  # fmt: skip
    if members is not None:
        read(*members)

    assert _open(db, log, people, propose_some) is None

    with db.read() as session:
        event = session.exec(select(Event).where(Event.type == "approvals:action:denied")).one()
    assert event.reason == f"nobody can approve this: {reason}"
    (text,) = told(db)
    assert text.startswith(f"Nobody can approve this: {reason}. What needs it is refused until")


def test_an_id_that_is_no_user_groups_is_named() -> None:
    with pytest.raises(ConfigError, match="is not the id of a user group"):
        People.parse(CROWD + "usergroups: {board: board}\n", Path("people.yaml"))


def _open(db: Database, log: Log, people: People, propose_some: Propose) -> Request | None:
    (action,) = propose_some()
    with db.transaction() as session:
        row = session.get_one(Action, action.id)
        row.digest = "sha256:c"
        return open_request(session, log, row, verdict(BOARD, expires_in_s=86_400), people, now=NOW)
