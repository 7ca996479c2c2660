"""Handing a question on changes who is asked, and who may answer only where the rule says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from approvals import grants
from approvals.actions import supersede
from approvals.decided import Decided
from approvals.disclosing import disclose
from approvals.handed import handings_of
from approvals.handing import hand_on
from approvals.keeping_time import nudge_due
from approvals.opening import open_request
from approvals.people import People
from approvals.policy.judge import Stage
from approvals.requests import decide
from approvals.tables import Action, Disclosure, Request
from approvals.waiting import waiting_for
from audit.log import Log
from audit.tables import Event
from core.db import Database
from core.posts import Post
from tests.approvals.conftest import CROWD, NOW, verdict

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
    assert hand(request_id, "finn", "ana").outcome == "wrong_choice"
    assert hand(request_id, "finn", "finn").outcome == "wrong_choice"
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


@pytest.fixture
def private(db: Database, awaiting: Awaiting) -> str:
    """A question for Finn that may be handed to the board, and that Finn and Ana alone can read."""
    _, request_id = awaiting(Stage("person:finn", 1, "much", hand_to="group:board"))
    with db.transaction() as session:
        session.get_one(Request, request_id).readers = ["U0ANA", "U0FINN"]
    return request_id


def answer(db: Database, log: Log, people: People, *, agrees: bool, who: str = "ana") -> str:
    person = people.by_id(who)
    assert person
    with db.transaction() as session:
        row = session.exec(select(Disclosure)).one()
        return disclose(
            session, log, people, disclosure_id=row.id, person=person, agrees=agrees, now=NOW
        ).sentence


def click(db: Database, log: Log, people: People, request_id: str, who: str) -> str:
    with db.transaction() as session:
        return decide(
            session, log, people, request_id=request_id, person=people.by_id(who),
            vote="approve", reason=None, now=NOW,
        ).outcome  # fmt: skip


def test_who_may_not_read_where_it_was_asked_gets_it_when_the_asker_agrees(
    db: Database, log: Log, people: People, hand: Hand, private: str
) -> None:
    assert hand(private, "finn", "sam").sentence == (
        "Sam cannot read where this was asked. Ana is asked first whether Sam may see it; "
        "until then it stays with you."
    )
    assert waits(db, people, "finn") == 1
    assert waits(db, people, "sam") == 0
    assert click(db, log, people, private, "sam") == "not_allowed"
    assert hand(private, "finn", "olga").sentence == (
        "You want to hand it to Sam already: that is not agreed."
    )
    assert posts(db, "card") == ["C0SUPPORT"]
    assert posts(db, "disclosure") == ["C0SUPPORT"]

    assert answer(db, log, people, agrees=True, who="finn").startswith("Only the person who asked")
    assert answer(db, log, people, agrees=True) == "Shown to Sam."
    assert answer(db, log, people, agrees=False).startswith("You have answered this already")

    assert posts(db, "card") == ["C0SUPPORT", "U0SAM"]
    assert click(db, log, people, private, "sam") == "approved"


def test_what_the_asker_does_not_want_shown_stays_where_it_was(
    db: Database, log: Log, people: People, hand: Hand, private: str
) -> None:
    hand(private, "finn", "sam")

    assert answer(db, log, people, agrees=False) == "Not shown to Sam."

    assert posts(db, "card") == ["C0SUPPORT"]
    assert posts(db, "notice") == ["U0FINN"]
    assert click(db, log, people, private, "sam") == "not_allowed"
    assert hand(private, "finn", "sam").sentence == (
        "Whoever asked for this did not want it shown to Sam."
    )
    assert click(db, log, people, private, "finn") == "approved"


def test_what_was_settled_meanwhile_is_shown_to_nobody_any_more(
    db: Database, log: Log, people: People, hand: Hand, private: str
) -> None:
    hand(private, "finn", "sam")
    click(db, log, people, private, "finn")

    assert answer(db, log, people, agrees=True).startswith("You have answered this already")
    assert posts(db, "card") == ["C0SUPPORT"]


def test_what_went_on_to_others_meanwhile_is_not_handed_on(
    db: Database, log: Log, people: People, awaiting: Awaiting, hand: Hand
) -> None:
    first = Stage("person:finn", 1, "much", hand_to="group:board")
    _, request_id = awaiting(first, Stage("person:olga", 1, "and Olga"))
    with db.transaction() as session:
        session.get_one(Request, request_id).readers = ["U0ANA", "U0FINN", "U0OLGA"]
    hand(request_id, "finn", "sam")
    click(db, log, people, request_id, "finn")

    assert answer(db, log, people, agrees=True) == (
        "Others are asked meanwhile, so it was not handed on."
    )
    assert posts(db, "card") == ["C0SUPPORT"]
    assert click(db, log, people, request_id, "sam") == "not_allowed"


def test_nothing_is_handed_on_before_the_asker_agreed_to_the_first(
    db: Database, awaiting: Awaiting, hand: Hand
) -> None:
    _, request_id = awaiting(FINANCE)
    with db.transaction() as session:
        session.get_one(Request, request_id).withheld = ["finn"]

    assert hand(request_id, "finn", "olga").outcome == "not_allowed"


def test_handing_back_is_handing_on_and_nobody_hands_on_twice(
    db: Database, people: People, awaiting: Awaiting, hand: Hand
) -> None:
    _, request_id = awaiting(FINANCE)

    assert hand(request_id, "finn", "olga").outcome == "handed"
    assert hand(request_id, "finn", "olga").sentence == (
        "You are not asked any more, Olga is. You may still answer it yourself."
    )
    assert hand(request_id, "olga", "finn").outcome == "handed"
    assert [waits(db, people, who) for who in ("finn", "olga")] == [1, 0]


def test_it_goes_to_nobody_who_has_answered_or_is_needed_beside_the_other(
    db: Database, log: Log, people: People, awaiting: Awaiting, hand: Hand
) -> None:
    _, request_id = awaiting(Stage("group:board", 2, "much"))
    click(db, log, people, request_id, "sam")

    assert hand(request_id, "finn", "sam").sentence == "Sam has answered this already."
    assert hand(request_id, "sam", "olga").sentence == (
        "You have answered this already: there is nothing to hand on."
    )
    _, both = awaiting(Stage("group:finance", 2, "much"), turn_id="turn_2")
    assert hand(both, "finn", "olga").sentence == "Olga is asked already, and 2 must agree."


def test_what_was_handed_on_counts_for_whoever_has_it_now(
    db: Database, log: Log, people: People, awaiting: Awaiting
) -> None:
    busy = People.parse(CROWD.replace("U0SAM}", "U0SAM, load: 1}"), Path("people.yaml"))
    stage = Stage("person:finn", 1, "much", hand_to="group:board")
    ids = [awaiting(stage, turn_id=f"turn_{n}")[1] for n in range(2)]

    def give(request_id: str) -> Decided:
        finn, sam = busy.by_id("finn"), busy.by_id("sam")
        assert finn
        assert sam
        with db.transaction() as session:
            return hand_on(session, log, busy, request_id=request_id, person=finn, to=sam, now=NOW)

    assert give(ids[0]).outcome == "handed"
    assert give(ids[1]) == Decided(
        "wrong_choice", "As much waits for Sam already as Sam takes. Choose somebody else."
    )
    click(db, log, people, ids[0], "sam")
    assert give(ids[1]).outcome == "handed"


def test_it_goes_to_nobody_where_those_left_are_too_few_because_one_answered_before(
    db: Database, log: Log, people: People, awaiting: Awaiting, hand: Hand
) -> None:
    """Who answered an earlier stage cannot answer this one: handing on may not leave it to them."""
    _, request_id = awaiting(FINANCE, Stage("group:board", 2, "and two of the board"))
    click(db, log, people, request_id, "olga")

    assert hand(request_id, "finn", "sam").sentence == "Sam is asked already, and 2 must agree."


# Asked anew


def anew(
    db: Database,
    log: Log,
    people: People,
    action: Action,
    *stages: Stage,
    by: str | None = None,
    readers: Sequence[str] | None = None,
) -> str:
    """What it rests on changed, or this person changed it; the id of the new request."""
    edit = {"by": by, "at": NOW.isoformat(), "changed": []} if by else None
    with db.transaction() as session:
        old = session.get_one(Action, action.id)
        newer = supersede(
            session, log, old, now=NOW, actor=by or "system:tools", reason="Changed", edit=edit
        )
        newer.preview, newer.digest = dict(old.preview or {}), "sha256:anew"
        session.flush()
        barred = {"barred": (by,)} if by else {}
        asks = verdict(*stages, **barred)
        request = open_request(session, log, newer, asks, people, now=NOW, readers=readers)
        assert request is not None
        return request.id


def action_of(db: Database, request_id: str) -> Action:
    with db.read() as session:
        return session.get_one(Action, session.get_one(Request, request_id).action_id)


def test_it_outlasts_a_question_that_was_withheld_and_then_asked_anew_too(
    db: Database, log: Log, people: People, awaiting: Awaiting, hand: Hand
) -> None:
    """Nobody had been asked in between: the asker had yet to say whether it is shown."""
    stage = Stage("person:finn", 1, "much", hand_to="group:board")
    action, first = awaiting(FINANCE, stage)
    click(db, log, people, first, "olga")
    hand(first, "finn", "sam")

    withheld = anew(db, log, people, action, FINANCE, stage, readers=["U0ANA"])
    with db.read() as session:
        assert session.get_one(Request, withheld).withheld == ["finn", "olga"]
    between = anew(db, log, people, action_of(db, withheld), FINANCE, stage)
    third = anew(db, log, people, action_of(db, between), FINANCE, stage)
    assert click(db, log, people, third, "olga") == "counted"

    assert [waits(db, people, who) for who in ("finn", "sam")] == [0, 1]


def test_what_the_asker_has_yet_to_agree_to_is_put_to_them_once_more(
    db: Database, log: Log, people: People, hand: Hand, private: str
) -> None:
    stage = Stage("person:finn", 1, "much", hand_to="group:board")
    hand(private, "finn", "sam")

    second = anew(db, log, people, action_of(db, private), stage, readers=["U0ANA", "U0FINN"])

    with db.read() as session:
        old, new = session.exec(select(Disclosure).order_by(Disclosure.asked_at, Disclosure.id))
        asked = {row.request_id: row.id for row in (old, new)}
    assert posts(db, "disclosure") == ["C0SUPPORT"] * 2
    assert (waits(db, people, "finn"), waits(db, people, "sam")) == (1, 0)
    ana = people.by_id("ana")
    assert ana
    with db.transaction() as session:
        told = [
            disclose(
                session, log, people, disclosure_id=asked[request], person=ana, agrees=True, now=NOW
            ).sentence
            for request in (private, second)
        ]
    assert told[0].startswith("You have answered this already")
    assert told[1] == "Shown to Sam."
    assert click(db, log, people, second, "sam") == "approved"


def test_where_everybody_can_read_it_meanwhile_it_is_handed_on(
    db: Database, log: Log, people: People, hand: Hand, private: str
) -> None:
    hand(private, "finn", "sam")

    second = anew(
        db, log, people, action_of(db, private),
        Stage("person:finn", 1, "much", hand_to="group:board"),
    )  # fmt: skip

    assert [waits(db, people, who) for who in ("finn", "sam")] == [0, 1]
    assert click(db, log, people, second, "sam") == "approved"


@pytest.mark.parametrize("changed", ["the other changed it", "others are asked"])
def test_whoever_wanted_to_hand_it_on_is_told_when_nothing_comes_of_it(
    db: Database, log: Log, people: People, hand: Hand, private: str, changed: str
) -> None:
    hand(private, "finn", "sam")
    others = changed == "others are asked"
    stage = Stage("person:olga" if others else "person:finn", 1, "much", hand_to="group:board")

    second = anew(
        db, log, people, action_of(db, private), stage, FINANCE,
        by=None if others else "sam", readers=["U0ANA", "U0FINN", "U0OLGA"],
    )  # fmt: skip

    with db.read() as session:
        assert handings_of(session, second) == []
        notices = session.exec(select(Post).where(Post.kind == "notice")).all()
    assert [(post.channel, post.body["text"]) for post in notices] == [
        (
            "U0FINN",
            "“Refund EUR 180.00 to Mara Lind” is asked anew. You wanted to hand it to Sam; that is "
            "not possible any more, and was not agreed.",
        )
    ]
    assert waits(db, people, "olga" if others else "finn") == 1


def test_what_was_handed_on_is_still_handed_on_when_the_facts_changed(
    db: Database, log: Log, people: People, awaiting: Awaiting, hand: Hand
) -> None:
    stage = Stage("person:finn", 1, "much", hand_to="group:board")
    action, first = awaiting(stage, FINANCE)
    hand(first, "finn", "sam")

    second = anew(db, log, people, action, stage, FINANCE)

    assert [waits(db, people, who) for who in ("finn", "sam", "olga")] == [0, 1, 0]
    with db.read() as session:
        kept = [(h.by_id, h.to_id, h.status) for h in handings_of(session, second)]
        newer = session.get_one(Request, second).action_id
        cards = session.exec(select(Post.channel).where(Post.subject == newer, Post.kind == "card"))
        assert sorted(cards) == ["C0SUPPORT", "U0SAM"]
    assert kept == [("finn", "sam", "handed")]
    third = anew(db, log, people, Action(id=newer), stage, FINANCE)
    assert click(db, log, people, third, "sam") == "counted"
    assert waits(db, people, "olga") == 1


@pytest.mark.parametrize("changed", ["others are asked", "who has it changed it", "left"])
def test_it_comes_back_where_whoever_has_it_may_not_answer(
    db: Database, log: Log, people: People, awaiting: Awaiting, hand: Hand, changed: str
) -> None:
    action, first = awaiting(FINANCE)
    hand(first, "finn", "olga")
    by, stage = None, FINANCE
    if changed == "others are asked":
        stage = Stage("group:board", 1, "more")
    elif changed == "who has it changed it":
        by = "olga"
    else:
        people = People.parse(CROWD.replace("[finn, olga]", "[finn, sam]"), Path("people.yaml"))

    second = anew(db, log, people, action, stage, by=by)

    assert waits(db, people, "finn") == 1
    with db.read() as session:
        assert handings_of(session, second) == []


def test_whoever_has_answered_an_earlier_stage_is_not_asked_alone_in_a_later_one(
    db: Database, log: Log, people: People, awaiting: Awaiting, hand: Hand
) -> None:
    first, board = Stage("person:finn", 1, "much"), Stage("group:board", 1, "and the board")
    action, request_id = awaiting(first, board)
    click(db, log, people, request_id, "finn")
    assert hand(request_id, "sam", "olga").outcome == "handed"

    second = anew(db, log, people, action, Stage("group:finance", 1, "much"), board)
    assert click(db, log, people, second, "olga") == "counted"

    assert [waits(db, people, who) for who in ("finn", "sam", "olga")] == [1, 1, 0]
