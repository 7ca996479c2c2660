"""Nobody is buried: new questions go to those with room first, and nobody floods the others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import select

from approvals.opening import open_request
from approvals.people import People
from approvals.people_tables import Accounts
from approvals.policy.judge import Stage
from approvals.requests import decide
from approvals.tables import Action, Request
from approvals.waiting import waiting_for
from audit.log import Log
from audit.tables import Event
from core.db import Database
from tests.approvals.conftest import CROWD, NOW, Propose, verdict

Ask = Callable[..., Request | None]
BOARD = Stage("group:board", 1, "much")


@pytest.fixture
def people() -> People:
    """Finn may have one open question; Olga and Sam two."""
    text = CROWD.replace("slack_id: U0FINN,", "slack_id: U0FINN, load: 1,")
    return People.parse(text + "load: 2\nmost_open: 6\n", Path("people.yaml"))


@pytest.fixture
def ask(db: Database, log: Log, people: People, propose_some: Propose) -> Ask:
    def put(number: int, *stages: Stage, who: str = "ana") -> Request | None:
        (action,) = propose_some(turn_id=f"turn_{number}", principal_id=who)
        with db.transaction() as session:
            row = session.get_one(Action, action.id)
            row.digest = "sha256:c"
            return open_request(session, log, row, verdict(*(stages or (BOARD,))), people, now=NOW)

    return put


def asked(request: Request | None) -> list[str]:
    assert request is not None
    return list(request.awaited)


def test_who_has_as_many_as_they_may_is_passed_over_while_others_have_room(ask: Ask) -> None:
    assert asked(ask(1)) == ["finn", "olga", "sam"]
    assert asked(ask(2)) == ["olga", "sam"]
    # Now all of them are full: everybody is asked again.
    assert asked(ask(3)) == ["finn", "olga", "sam"]


def test_as_many_as_must_agree_are_asked_the_least_busy_first(ask: Ask) -> None:
    ask(1, Stage("person:finn"))
    ask(2, Stage("person:olga"))
    ask(3, Stage("person:olga"))

    assert asked(ask(4, Stage("group:board", 2, "much"))) == ["finn", "sam"]


def test_who_is_passed_over_may_answer_all_the_same_and_is_not_told_to(
    db: Database, log: Log, people: People, ask: Ask
) -> None:
    ask(1)
    request = ask(2)
    assert request is not None
    finn = people.by_id("finn")
    assert finn
    with db.transaction() as session:
        assert len(waiting_for(session, people, finn, now=NOW)) == 1
        decided = decide(
            session, log, people, request_id=request.id, person=finn,
            vote="approve", reason=None, now=NOW,
        )  # fmt: skip

    assert decided.outcome == "approved"


def test_an_answer_makes_room_again(db: Database, log: Log, people: People, ask: Ask) -> None:
    first = ask(1)
    assert first is not None
    with db.transaction() as session:
        decide(
            session, log, people, request_id=first.id, person=people.by_id("sam"),
            vote="approve", reason=None, now=NOW,
        )  # fmt: skip

    assert asked(ask(2)) == ["finn", "olga", "sam"]


def test_a_flood_of_questions_by_one_asker_is_refused_with_a_sentence(
    db: Database, ask: Ask
) -> None:
    for number in range(6):
        assert ask(number) is not None

    assert ask(6) is None
    assert ask(7, who="sam") is not None

    with db.read() as session:
        denied = session.exec(select(Event).where(Event.type == "approvals:action:denied")).one()
    assert denied.reason == (
        "6 questions of Ana's are open already, asked through “assistant”. "
        "Some must be answered or stopped before another is asked"
    )


@pytest.mark.parametrize("gone", ["answered before", "account closed"])
def test_a_later_stage_is_not_left_to_somebody_who_cannot_answer_it(
    db: Database, log: Log, people: People, ask: Ask, gone: str
) -> None:
    """Finn has no room; whoever has room must be somebody whose answer would count."""
    text = CROWD.replace("slack_id: U0FINN,", "slack_id: U0FINN, load: 1,")
    people = People.parse(text.replace("[finn, olga, sam]", "[finn, olga]"), Path("people.yaml"))
    first = Stage("person:olga" if gone == "answered before" else "person:sam", 1, "first")
    ask(1, Stage("person:finn", 1, "much"))
    request = ask(2, first, BOARD)
    assert request is not None
    if gone == "account closed":
        with db.transaction() as session:
            closed = ["olga"]
            session.add(Accounts(workspace_id=people.workspace_id, asked_at=NOW, inactive=closed))

    with db.transaction() as session:
        decide(
            session, log, people, request_id=request.id, person=people.by_id(first.who[7:]),
            vote="approve", reason=None, now=NOW,
        )  # fmt: skip

    with db.read() as session:
        assert session.get_one(Request, request.id).awaited == ["finn"]
