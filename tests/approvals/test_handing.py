"""Handing a question on changes who is asked, and who may answer only where the rule says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import select

from approvals import grants
from approvals.handing import hand_on
from approvals.keeping_time import nudge_due
from approvals.people import People
from approvals.policy import Stage
from approvals.requests import Decided, decide, waiting_for
from approvals.tables import Action, Request
from audit.log import Log
from audit.tables import Event
from core.db import Database
from core.posts import Post
from tests.approvals.conftest import NOW

Awaiting = Callable[..., tuple[Action, str]]
Hand = Callable[..., Decided]
FINANCE = Stage("group:finance", 1, "much", remind_s=3600)


@pytest.fixture
def hand(db: Database, log: Log, people: People) -> Hand:
    def give(request_id: str, who: str, to: str) -> Decided:
        person, other = people.by_id(who), people.by_id(to)
        assert person
        assert other
        with db.transaction() as session:
            return hand_on(
                session, log, people, request_id=request_id, person=person, to=other, now=NOW
            )

    return give


def waits(db: Database, people: People, who: str) -> int:
    person = people.by_id(who)
    assert person
    with db.read() as session:
        return len(waiting_for(session, people, person, now=NOW))


def posts(db: Database, kind: str) -> list[str]:
    with db.read() as session:
        rows = session.exec(select(Post).where(Post.kind == kind).order_by("n")).all()
    return [row.channel for row in rows]


def test_another_of_the_group_is_asked_reminded_and_shown_the_card_instead(
    db: Database, log: Log, people: People, awaiting: Awaiting, hand: Hand
) -> None:
    _, request_id = awaiting(FINANCE, expires_in_s=9 * 86_400)
    assert [waits(db, people, who) for who in ("finn", "olga")] == [1, 1]

    assert hand(request_id, "finn", "olga") == Decided(
        "handed", "Handed to Olga, who is asked now."
    )

    assert [waits(db, people, who) for who in ("finn", "olga")] == [0, 1]
    with db.transaction() as session:
        nudge_due(session, log, people, now=NOW + timedelta(hours=1))
        event = session.exec(select(Event).where(Event.type == "approvals:request:handed")).one()
    assert posts(db, "reminder") == ["U0OLGA"]
    assert posts(db, "card") == ["C0SUPPORT", "U0OLGA"]
    assert (event.actor, event.reason) == ("finn", "Finn handed it to Olga")


def test_it_goes_to_nobody_who_may_not_answer(
    db: Database, people: People, awaiting: Awaiting, hand: Hand
) -> None:
    _, request_id = awaiting(FINANCE)

    assert hand(request_id, "finn", "sam").sentence == "I cannot hand this to Sam; I can to Olga."
    assert hand(request_id, "finn", "ana").outcome == "not_allowed"
    assert hand(request_id, "finn", "finn").outcome == "not_allowed"
    assert hand(request_id, "sam", "olga").sentence == (
        "You cannot decide this; it is for Finn or Olga (Finance)."
    )
    assert waits(db, people, "finn") == 1


def test_where_the_rule_names_others_only_those_it_was_handed_to_may_answer(
    db: Database, log: Log, people: People, awaiting: Awaiting, hand: Hand
) -> None:
    action, request_id = awaiting(Stage("person:finn", 1, "much", hand_to="group:board"))

    def click(who: str) -> str:
        with db.transaction() as session:
            return decide(
                session, log, people, request_id=request_id, person=people.by_id(who),
                vote="approve", reason=None, now=NOW,
            ).outcome  # fmt: skip

    assert click("sam") == "not_allowed"
    assert hand(request_id, "finn", "sam").outcome == "handed"
    assert click("olga") == "not_allowed"
    assert click("sam") == "approved"
    with db.read() as session:
        row = session.get_one(Action, action.id)
        assert grants.lapsed(session, people, row, now=NOW) is None
        assert session.get_one(Request, request_id).stages[0]["handed"] == ["sam"]


def test_what_is_settled_or_the_askers_own_is_not_handed_on(
    db: Database, log: Log, people: People, awaiting: Awaiting, hand: Hand
) -> None:
    _, own = awaiting(Stage("requester", 1, "in your name"), turn_id="turn_a", four_eyes=False)
    assert hand(own, "ana", "sam").outcome == "not_allowed"

    _, request_id = awaiting(FINANCE, turn_id="turn_b")
    with db.transaction() as session:
        decide(
            session, log, people, request_id=request_id, person=people.by_id("finn"),
            vote="approve", reason=None, now=NOW,
        )  # fmt: skip

    assert hand(request_id, "finn", "olga").outcome == "already_decided"


@pytest.mark.parametrize(
    ("withheld", "readers", "outcome"),
    [
        (None, ["U0FINN"], "not_allowed"),
        (None, ["U0FINN", "U0SAM"], "handed"),
        (["sam"], None, "not_allowed"),
        (None, None, "handed"),
    ],
)
def test_it_is_not_handed_to_who_may_not_read_where_it_was_asked(
    db: Database, awaiting: Awaiting, hand: Hand, withheld: list[str] | None,
    readers: list[str] | None, outcome: str,
) -> None:  # fmt: skip
    _, request_id = awaiting(Stage("person:finn", 1, "much", hand_to="group:board"))
    with db.transaction() as session:
        request = session.get_one(Request, request_id)
        request.withheld, request.readers = withheld, readers

    assert hand(request_id, "finn", "sam").outcome == outcome
