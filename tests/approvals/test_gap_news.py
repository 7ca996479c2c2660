"""Somebody whom policy asks becomes nobody: the owner is told, once each time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from approvals.accounts import EVERY, ask_due, store
from approvals.gap_news import look
from approvals.opening import open_request
from approvals.people import People
from approvals.policy.file import parse_policy
from approvals.policy.judge import Policy
from approvals.tables import Action
from approvals.user_groups import ask_due as ask_groups
from approvals.user_groups import store as store_group
from audit.log import Log
from audit.tables import Event
from core.db import Database
from core.outbox import Outbox
from core.posts import Post
from tests.approvals.conftest import CROWD, FINANCE, NOW, Propose, verdict

FILE = CROWD + "usergroups: {board: S0BOARD}\n"
POLICY = """
default_approvers: group:finance
rules:
  - {name: much, above: 100 EUR, who: usergroup:board}
  - {name: more, above: 200 EUR, who: group:finance, escalate: {after: 4 h, who: person:sam}}
"""
Look = Callable[..., list[str]]


@pytest.fixture
def people() -> People:
    return People.parse(FILE, Path("people.yaml"))


@pytest.fixture
def seen(db: Database, log: Log, people: People) -> Look:
    """The keeper looks, `minutes` later; everything the owner was told so far."""

    def at(minutes: int, *, with_people: People = people, text: str = POLICY) -> list[str]:
        now = NOW + timedelta(minutes=minutes)

        def policy() -> Policy:
            return parse_policy(text, Path("policy.yaml"))

        with db.transaction() as session:
            look(session, log, policy, with_people, now=now)
        with db.read() as session:
            notices = select(Post).where(Post.kind == "notice", Post.channel == "U0OLGA")
            posts = session.exec(notices.order_by("created_at")).all()
        return [str(post.body["text"]).partition(" Until")[0] for post in posts]

    return at


@pytest.fixture
def slack_told(db: Database, log: Log, people: People) -> Callable[..., None]:
    def tell(*members: str, minutes: int = 0) -> None:
        now = NOW + timedelta(minutes=minutes)
        with db.transaction() as session:
            ask_groups(session, people, now=now)
            store_group(session, log, people, group_id="S0BOARD", members=members, now=now)

    return tell


EMPTY = "The rule “much” asks Board, but nobody in usergroup:board stands in config/people.yaml."


def test_a_user_group_that_is_emptied_is_told_once_and_again_when_it_happens_again(
    seen: Look, slack_told: Callable[..., None], db: Database
) -> None:
    assert seen(0) == []  # Slack has not told yet: not known to be empty
    slack_told("U0SAM")
    assert seen(1) == []

    slack_told("U0GITA", minutes=2)
    assert [seen(minutes) for minutes in (2, 3, 4)] == [[EMPTY]] * 3

    slack_told("U0SAM", minutes=5)
    assert seen(5) == [EMPTY]
    slack_told(minutes=6)
    assert seen(6) == [EMPTY, EMPTY]
    with db.read() as session:
        told = select(Event.reason).where(Event.type == "approvals:policy:gap")
        assert session.exec(told.order_by("at")).all() == [EMPTY, f"Mended: {EMPTY}", EMPTY]


def test_another_people_yaml_and_another_policy_are_looked_at_as_well(
    seen: Look, slack_told: Callable[..., None]
) -> None:
    slack_told("U0SAM")
    emptied = People.parse(FILE.replace("finance: [finn, olga]", "finance: []"), Path("p.yaml"))

    seen(1, with_people=emptied)
    seen(2, with_people=emptied)
    told = seen(3, text=POLICY.replace("person:sam", "person:nobody"))

    assert told == [
        "default_approvers asks Finance, but group:finance has no members in config/people.yaml.",
        "The rule “more” asks Finance, but group:finance has no members in config/people.yaml.",
        "The rule “more” asks Nobody, but nobody in config/people.yaml has the id nobody.",
    ]


def test_a_policy_that_this_code_cannot_read_is_told_and_what_else_is_wrong_stays_known(
    seen: Look, slack_told: Callable[..., None]
) -> None:
    odd = POLICY + "  - {name: odd, allow: true, moon: full}\n"
    slack_told()

    seen(1)
    seen(2, text=odd)
    seen(3, text=odd)
    told = seen(4)

    assert told == [
        EMPTY,
        "The policy in force cannot be used. policy.yaml, line 6: I do not know the key 'moon'. "
        "Compare with the starter file config/policy.yaml.",
    ]


def test_a_deactivated_person_is_nobody_to_ask(
    db: Database, log: Log, people: People, seen: Look, slack_told: Callable[..., None],
    propose_some: Propose,
) -> None:  # fmt: skip
    slack_told("U0SAM")
    finn, olga, sam = (person for id in ("finn", "olga", "sam") if (person := people.by_id(id)))
    with db.transaction() as session:
        ask_due(session, people, now=NOW)
        store(session, log, people, looked_at=[finn, olga, sam], inactive=[sam, finn], now=NOW)

    told = seen(1)

    gone = "but Sam cannot decide: Slack knows no active full member's account of theirs."
    assert told == [f"The rule “much” asks Board, {gone}", f"The rule “more” asks Sam, {gone}"]
    with db.transaction() as session:
        store(session, log, people, looked_at=[olga, sam], inactive=[olga], now=NOW)
    (action,) = propose_some()
    with db.transaction() as session:
        row = session.get_one(Action, action.id)
        assert open_request(session, log, row, verdict(FINANCE), people, now=NOW) is None
    with db.read() as session:
        assert session.get_one(Action, action.id).status == "denied"
        kept = select(Event.reason).where(Event.type == "approvals:account:read")
        assert set(session.exec(kept)) == {
            "Finn is no active member in Slack any more",
            "Olga is no active member in Slack any more",
            "Sam is no active member in Slack any more",
            "Sam is an active member in Slack again",
        }


def test_slack_is_asked_of_accounts_every_few_minutes(db: Database, people: People) -> None:
    counts = []
    for late in (timedelta(), EVERY / 2, EVERY, EVERY * 1.5, EVERY * 2):
        with db.transaction() as session:
            counts.append(ask_due(session, people, now=NOW + late))

    assert counts == [0, 0, 1, 0, 1]
    with db.read() as session:
        jobs = session.exec(select(Outbox.args).where(Outbox.job == "read_accounts")).all()
    assert jobs == [{"workspace_id": people.workspace_id}] * 2
