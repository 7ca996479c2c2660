"""A disclosure that nobody answers: its asker is reminded, and its end says why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from approvals.disclosing import disclose
from approvals.handing import hand_on
from approvals.opening import open_request
from approvals.people import People
from approvals.policy.judge import Stage
from approvals.requests import expire_due
from approvals.tables import Action, Disclosure, Request
from approvals.unanswered import remind_askers
from audit.log import Log
from audit.tables import Event
from core.db import Database
from core.posts import Post
from tests.approvals.conftest import FINANCE, NOW, Propose, verdict

HOUR = timedelta(hours=1)
Ask = Callable[..., str]


@pytest.fixture
def asked(db: Database, log: Log, people: People, propose_some: Propose) -> Ask:
    """A refund asked for in a direct message, where nobody else can read; its request."""

    def make(*stages: Stage, readers: tuple[str, ...] = ("U0ANA",), **options: object) -> str:
        [action] = propose_some()
        with db.transaction() as session:
            action = session.merge(action)
            action.digest, action.preview = "sha256:content", {"title": "Refund EUR 180.00"}
            session.flush()
            asks = verdict(*stages, **options)  # type: ignore[arg-type]
            request = open_request(
                session, log, action, asks, people, now=NOW, readers=list(readers)
            )
            assert request is not None
            return request.id

    return make


def remind(db: Database, log: Log, people: People, at: datetime) -> int:
    with db.transaction() as session:
        return remind_askers(session, log, people, now=at)


def reminders(db: Database) -> list[str]:
    with db.read() as session:
        query = select(Post).where(Post.kind == "reminder").order_by("n")
        return [post.channel for post in session.exec(query)]


def test_the_asker_is_reminded_as_often_as_approvers_would_be(
    db: Database, log: Log, people: People, asked: Ask
) -> None:
    asked(Stage("group:finance", 1, "much", remind_s=3600), expires_in_s=9 * 86_400)

    looks = [remind(db, log, people, NOW + n * HOUR / 2) for n in range(5)]

    assert looks == [0, 0, 1, 0, 1]
    assert remind(db, log, people, NOW + 2 * HOUR) == 0
    assert reminders(db) == ["U0ANA", "U0ANA"]
    with db.read() as session:
        query = select(Event.reason).where(Event.type == "approvals:request:reminded")
        said = set(session.exec(query))
    assert said == {"Reminded Ana, who has yet to say whether it may be shown"}


def test_without_reminders_in_the_policy_after_half_of_the_time(
    db: Database, log: Log, people: People, asked: Ask
) -> None:
    asked(FINANCE, expires_in_s=7200)

    assert remind(db, log, people, NOW + HOUR - timedelta(seconds=1)) == 0
    assert remind(db, log, people, NOW + HOUR) == 1


@pytest.mark.parametrize("then", ["answered", "over"])
def test_nobody_is_reminded_of_what_is_settled(
    db: Database, log: Log, people: People, asked: Ask, then: str
) -> None:
    asked(FINANCE)
    if then == "answered":
        ana = people.by_id("ana")
        assert ana is not None
        with db.transaction() as session:
            row = session.exec(select(Disclosure)).one()
            disclose(session, log, people, disclosure_id=row.id, person=ana, agrees=True, now=NOW)

    assert remind(db, log, people, NOW + HOUR * (1 if then == "over" else 0.9)) == 0


@pytest.mark.parametrize("on_expiry", ["nothing", "reject"])
def test_what_was_shown_to_nobody_ends_saying_so(
    db: Database, log: Log, people: People, asked: Ask, on_expiry: str
) -> None:
    """Nobody's silence refuses what nobody was asked."""
    request_id = asked(FINANCE, on_expiry=on_expiry)

    with db.transaction() as session:
        assert expire_due(session, log, now=NOW + HOUR) == 1

    with db.read() as session:
        action_id = session.get_one(Request, request_id).action_id
        assert session.get_one(Action, action_id).status == "expired"
        said = session.exec(
            select(Event.reason).where(Event.type == "approvals:action:expired")
        ).one()
    assert (
        said == "It was not said in time whether those who decide may see it, so nobody was asked"
    )


def test_what_waited_for_a_handing_on_ends_saying_that_too(
    db: Database, log: Log, people: People, asked: Ask
) -> None:
    stage = Stage("person:finn", 1, "much", hand_to="group:board")
    request_id = asked(stage, readers=("U0ANA", "U0FINN"))
    finn, sam = people.by_id("finn"), people.by_id("sam")
    assert finn is not None
    assert sam is not None
    with db.transaction() as session:
        hand_on(session, log, people, request_id=request_id, person=finn, to=sam, now=NOW)
    assert remind(db, log, people, NOW + HOUR / 2) == 1

    with db.transaction() as session:
        expire_due(session, log, now=NOW + HOUR)

    with db.read() as session:
        said = session.exec(
            select(Event.reason).where(Event.type == "approvals:action:expired")
        ).one()
    assert said == (
        "Nobody answered in time (asked Finn; whether others may see it was not said either)"
    )
