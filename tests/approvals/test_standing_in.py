"""Who is away and who decides for them: one place is filled once, and no chain is followed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from approvals import grants
from approvals.decided import Decided
from approvals.delegating import delegate, end_delegation, standing
from approvals.directory import as_of
from approvals.opening import open_request
from approvals.people import People
from approvals.policy.judge import Stage
from approvals.requests import decide
from approvals.running_out import end_due
from approvals.tables import Action, Decision, Request
from approvals.waiting import waiting_for
from audit.log import Log
from audit.tables import Event
from core.db import Database
from core.errors import ConfigError
from tests.approvals.conftest import CROWD, NOW, Propose, verdict

Awaiting = Callable[..., tuple[Action, str]]
Away = Callable[..., None]
Click = Callable[..., Decided]
DAY = timedelta(days=1)
FINN = Stage("person:finn", 1, "much")


@pytest.fixture
def away(db: Database, log: Log, people: People) -> Away:
    def go(who: str, delegate_id: str, since: datetime = NOW, until: datetime = NOW + DAY) -> None:
        person, other = people.by_id(who), people.by_id(delegate_id)
        assert person
        assert other
        with db.transaction() as session:
            delegate(
                session, log, people, person=person, to=other, since=since, until=until, now=NOW
            )

    return go


@pytest.fixture
def click(db: Database, log: Log, people: People) -> Click:
    def press(request_id: str, who: str, vote: str = "approve", now: datetime = NOW) -> Decided:
        with db.transaction() as session:
            return decide(
                session, log, people, request_id=request_id, person=people.by_id(who),
                vote=vote, reason=None, now=now,  # type: ignore[arg-type]
            )  # fmt: skip

    return press


def votes(db: Database) -> list[tuple[str, str]]:
    with db.read() as session:
        return sorted((d.person_id, d.for_id) for d in session.exec(select(Decision)))


def reasons(db: Database, kind: str) -> list[str]:
    with db.read() as session:
        return [e.reason for e in session.exec(select(Event).where(Event.type == kind))]


def test_whoever_stands_in_decides_and_the_log_says_for_whom(
    db: Database, awaiting: Awaiting, away: Away, click: Click
) -> None:
    _, request_id = awaiting(FINN)
    assert click(request_id, "sam").outcome == "not_allowed"

    away("finn", "sam")

    assert click(request_id, "sam").outcome == "approved"
    assert votes(db) == [("sam", "finn")]
    assert reasons(db, "approvals:request:vote") == ["Sam approved for Finn, who is away"]
    assert reasons(db, "approvals:delegation:begun") == [
        "Sam decides for Finn from Fri 20 Nov 10:00 to Sat 21 Nov 10:00"
    ]


def test_it_begins_and_ends_by_its_dates_and_can_be_ended_before(
    db: Database, log: Log, people: People, awaiting: Awaiting, away: Away, click: Click
) -> None:
    away("finn", "sam", NOW + DAY, NOW + 2 * DAY)
    _, request_id = awaiting(FINN, expires_in_s=9 * 86_400)

    assert click(request_id, "sam", now=NOW).outcome == "not_allowed"
    assert click(request_id, "sam", now=NOW + 2 * DAY).outcome == "not_allowed"
    finn = people.by_id("finn")
    assert finn
    with db.transaction() as session:
        assert end_delegation(session, log, people, person=finn, now=NOW + DAY) == 1
        assert standing(session, people, person=finn, now=NOW + DAY) == []
    assert click(request_id, "sam", now=NOW + DAY).outcome == "not_allowed"
    assert reasons(db, "approvals:delegation:ended") == ["Sam does not decide for Finn any more"]


def test_the_log_says_once_that_its_time_is_over(
    db: Database, log: Log, people: People, away: Away
) -> None:
    away("finn", "sam")

    def look(now: datetime) -> int:
        with db.transaction() as session:
            return end_due(session, log, people, now=now)

    assert [look(NOW), look(NOW + DAY), look(NOW + DAY)] == [0, 1, 0]
    assert reasons(db, "approvals:delegation:ended") == ["Sam does not decide for Finn any more"]


def test_a_new_delegation_replaces_the_one_it_overlaps(
    db: Database, people: People, awaiting: Awaiting, away: Away, click: Click
) -> None:
    away("finn", "sam")
    away("finn", "olga")
    _, request_id = awaiting(FINN)

    assert click(request_id, "sam").outcome == "not_allowed"
    assert click(request_id, "olga").outcome == "approved"


def test_a_place_is_filled_once_whoever_fills_it(
    db: Database, awaiting: Awaiting, away: Away, click: Click
) -> None:
    _, request_id = awaiting(Stage("group:finance", 2, "much"))
    away("finn", "sam")

    assert click(request_id, "sam").outcome == "counted"
    assert click(request_id, "finn") == Decided(
        "voted", "Somebody has answered for you already. 1 of 2 from Finance so far."
    )
    assert click(request_id, "olga").outcome == "approved"
    assert votes(db) == [("olga", "olga"), ("sam", "finn")]


def test_nobody_has_two_votes_by_standing_in(
    db: Database, awaiting: Awaiting, away: Away, click: Click
) -> None:
    _, request_id = awaiting(Stage("group:finance", 2, "much"))
    away("finn", "olga")

    assert click(request_id, "olga").outcome == "counted"
    assert click(request_id, "olga").outcome == "voted"
    assert votes(db) == [("olga", "olga")]
    assert click(request_id, "finn").outcome == "approved"


def test_nobody_fills_two_stages_by_standing_in(
    db: Database, awaiting: Awaiting, away: Away, click: Click
) -> None:
    _, request_id = awaiting(Stage("group:finance", 1, "a"), Stage("group:board", 1, "b"))
    away("finn", "sam")

    assert click(request_id, "sam").outcome == "counted"
    assert click(request_id, "sam").outcome == "voted"
    assert click(request_id, "finn").outcome == "voted"
    assert click(request_id, "olga").outcome == "approved"


def test_nobody_stands_in_where_they_asked_themselves(
    db: Database, log: Log, people: People, propose_some: Propose, away: Away, click: Click
) -> None:
    away("finn", "ana")
    for number, eyes in enumerate((True, False)):
        (action,) = propose_some(turn_id=f"turn_{number}")
        with db.transaction() as session:
            row = session.get_one(Action, action.id)
            row.digest = "sha256:c"
            request = open_request(
                session, log, row, verdict(FINN, four_eyes=eyes), people, now=NOW
            )
            assert request is not None

        assert click(request.id, "ana").outcome == "not_allowed"


def test_a_confirmation_is_nobody_elses(awaiting: Awaiting, away: Away, click: Click) -> None:
    away("ana", "sam")
    _, request_id = awaiting(Stage("requester", 1, "in your name"), four_eyes=False)

    assert click(request_id, "sam").outcome == "not_allowed"


def test_no_chain_is_followed(awaiting: Awaiting, away: Away, click: Click) -> None:
    away("finn", "sam")
    away("sam", "ana")
    _, request_id = awaiting(FINN)

    assert click(request_id, "ana").outcome == "not_allowed"
    assert click(request_id, "sam").outcome == "approved"


def test_what_was_decided_in_time_holds_after_the_absence(
    db: Database, people: People, awaiting: Awaiting, away: Away, click: Click
) -> None:
    action, request_id = awaiting(FINN)
    away("finn", "sam")
    click(request_id, "sam")
    left = People.parse(CROWD.replace("{id: finn,", "{id: fynn,").replace("[finn", "[fynn"), _P)

    with db.read() as session:
        row = session.get_one(Action, action.id)
        assert grants.lapsed(session, people, row, now=NOW + 5 * DAY) is None
        assert grants.lapsed(session, left, row, now=NOW) is not None


def test_it_waits_for_whoever_stands_in_and_for_who_is_away(
    db: Database, people: People, awaiting: Awaiting, away: Away, click: Click
) -> None:
    _, request_id = awaiting(FINN)
    away("finn", "sam")

    def waits(who: str) -> list[str]:
        person = people.by_id(who)
        assert person
        with db.read() as session:
            return [r.id for r, _ in waiting_for(session, people, person, now=NOW)]

    assert [waits(who) for who in ("finn", "sam", "olga")] == [[request_id], [request_id], []]


def test_the_file_may_say_who_is_away_in_their_own_days(db: Database) -> None:
    people = People.parse(_with_away("{from: 2026-12-24, until: 2026-12-26, delegate: sam}"), _P)
    inside = datetime.fromisoformat("2026-12-26T22:30+00:00")
    after = datetime.fromisoformat("2026-12-26T23:00+00:00")

    with db.read() as session:
        assert [p.id for p in as_of(session, people, now=inside).away_with("sam")] == ["finn"]
        assert as_of(session, people, now=after).away_with("sam") == ()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{from: 2026-12-24, until: 2026-12-23, delegate: sam}", "is before 2026-12-24"),
        ("{from: 2026-12-24, until: 2026-12-26, delegate: finn}", "cannot decide for Finn Aalto"),
        ("{from: 2026-12-24, until: 2026-12-26, delegate: nobody}", "'nobody' cannot decide"),
        ("{from: soon, until: 2026-12-26, delegate: sam}", "away"),
    ],
)
def test_a_slip_about_absences_is_named(line: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        People.parse(_with_away(line), _P)


_P = Path("people.yaml")


def _with_away(line: str) -> str:
    return CROWD.replace("slack_id: U0FINN,", f"slack_id: U0FINN, away: [{line}],")


OPERATOR = Stage("operators", 1, "only an operator may change what is permitted")


def test_being_away_hands_nobody_what_only_operators_may_permit(
    db: Database, people: People, awaiting: Awaiting, away: Away, click: Click
) -> None:
    """R2: whoever stands in for the only operator does not give scopes in their place."""
    away("olga", "sam")
    _, request_id = awaiting(OPERATOR)

    assert click(request_id, "sam").sentence == (
        "You cannot decide this; it is for Olga (an operator)."
    )
    with db.read() as session:
        assert session.get_one(Request, request_id).awaited == ["olga"]
    assert click(request_id, "olga").outcome == "approved"


def test_people_yaml_may_say_that_somebody_stands_in_for_operators(
    db: Database, log: Log, awaiting: Awaiting, away: Away
) -> None:
    text = CROWD.replace("U0SAM}", "U0SAM, stands_in_for_operators: true}")
    people = People.parse(text, Path("people.yaml"))
    away("olga", "sam")
    _, request_id = awaiting(OPERATOR)

    with db.transaction() as session:
        decided = decide(
            session, log, people, request_id=request_id, person=people.by_id("sam"),
            vote="approve", reason=None, now=NOW,
        )  # fmt: skip

    assert decided.outcome == "approved"
    assert votes(db) == [("sam", "olga")]
