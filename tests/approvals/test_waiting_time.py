"""What waits too long: reminders, escalation and expiry in the approvers' own working time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from approvals.decided import Decided
from approvals.keeping_time import nudge_due
from approvals.people import People
from approvals.policy.judge import Stage
from approvals.requests import decide, expire_due
from approvals.tables import Action, Request
from audit.log import Log
from audit.tables import Event
from core.db import Database
from core.posts import Post
from tests.approvals.conftest import NOW

Awaiting = Callable[..., tuple[Action, str]]
HOUR = 3600
#: NOW is Friday, 10:00 in Berlin. Everybody works 09:00 to 17:00 there.
FRIDAY_14 = NOW + timedelta(hours=4)
MONDAY_10 = NOW + timedelta(days=3)
REMINDED = Stage("group:finance", 1, "much", remind_s=4 * HOUR, remind_working=True)
RISING = Stage(
    "person:finn", 1, "much", escalate_s=8 * HOUR, escalate_working=True, escalate_to="group:board"
)


class Office:
    """Looks and clicks at given times, each in a transaction of its own."""

    def __init__(self, db: Database, log: Log, people: People) -> None:
        self.db, self.log, self.people = db, log, people

    def look(self, now: datetime) -> int:
        with self.db.transaction() as session:
            return nudge_due(session, self.log, self.people, now=now)

    def click(self, request_id: str, who: str, now: datetime, vote: str = "approve") -> Decided:
        with self.db.transaction() as session:
            return decide(
                session, self.log, self.people, request_id=request_id,
                person=self.people.by_id(who), vote=vote, reason=None, now=now,  # type: ignore[arg-type]
            )  # fmt: skip

    def reminders(self) -> list[tuple[str, int]]:
        with self.db.read() as session:
            posts = session.exec(select(Post).where(Post.kind == "reminder")).all()
        return sorted((post.channel, post.n) for post in posts)

    def cards(self) -> list[str]:
        with self.db.read() as session:
            posts = session.exec(select(Post).where(Post.kind == "card").order_by("n")).all()
        return [post.channel for post in posts]

    def events(self, kind: str) -> list[str]:
        with self.db.read() as session:
            query = select(Event.reason).where(Event.type == kind)
            return list(session.exec(query.order_by(col(Event.at), col(Event.reason))))

    def request(self, request_id: str) -> Request:
        with self.db.read() as session:
            return session.get_one(Request, request_id)


@pytest.fixture
def office(db: Database, log: Log, people: People) -> Office:
    return Office(db, log, people)


def test_whoever_has_not_answered_is_reminded_in_working_hours_and_once_each_time(
    office: Office, awaiting: Awaiting
) -> None:
    """R46."""
    _, request_id = awaiting(REMINDED, expires_in_s=10 * 86_400)

    assert office.look(FRIDAY_14 - timedelta(seconds=1)) == 0
    for _ in range(3):
        office.look(FRIDAY_14)
    assert office.reminders() == [("U0FINN", 1), ("U0OLGA", 1)]

    # The next is due on Friday at 18:00, when nobody works: it comes on Monday morning.
    assert office.request(request_id).next_at == datetime(2026, 11, 23, 9, tzinfo=UTC)
    office.look(datetime(2026, 11, 22, 12, tzinfo=UTC))
    assert len(office.reminders()) == 2
    office.look(MONDAY_10)
    assert office.reminders() == [("U0FINN", 1), ("U0FINN", 2), ("U0OLGA", 1), ("U0OLGA", 2)]
    assert office.events("approvals:request:reminded") == [
        "Reminded Finn", "Reminded Olga", "Reminded Finn", "Reminded Olga",
    ]  # fmt: skip


def test_nobody_is_reminded_more_often_than_three_times_nor_after_their_answer(
    office: Office, awaiting: Awaiting
) -> None:
    _, request_id = awaiting(
        Stage("group:finance", 2, "much", remind_s=4 * HOUR, remind_working=True),
        expires_in_s=20 * 86_400,
    )
    office.click(request_id, "olga", NOW)

    for day in range(14):
        office.look(FRIDAY_14 + timedelta(days=day))

    # What was missed while nobody looked is not made up for: only the newest one is sent.
    assert office.reminders() == [("U0FINN", 1), ("U0FINN", 3)]
    assert office.request(request_id).next_at is None


def test_a_reminder_by_the_clock_waits_for_the_morning(office: Office, awaiting: Awaiting) -> None:
    _, request_id = awaiting(Stage("person:finn", 1, "much", remind_s=12 * HOUR))

    assert office.request(request_id).next_at == datetime(2026, 11, 23, 8, tzinfo=UTC)


def test_after_its_time_a_stage_goes_to_others_too_who_see_the_card(
    office: Office, awaiting: Awaiting
) -> None:
    _, request_id = awaiting(RISING, expires_in_s=10 * 86_400)
    assert office.click(request_id, "sam", NOW).outcome == "not_allowed"

    assert office.look(MONDAY_10 - timedelta(seconds=1)) == 0
    office.look(MONDAY_10)
    office.look(MONDAY_10)

    said = "Finn did not answer within 1 working day, so Board may decide too"
    assert office.events("approvals:request:escalated") == [f"{said} (asked now: Finn or Board)"]
    assert office.request(request_id).stages[0]["why"] == f"much; {said}"
    assert office.cards() == ["C0SUPPORT", "U0OLGA", "U0SAM"]
    assert office.click(request_id, "sam", MONDAY_10).outcome == "approved"


def test_who_was_asked_first_may_still_answer_unless_others_answer_instead(
    office: Office, awaiting: Awaiting
) -> None:
    _, too = awaiting(RISING, turn_id="turn_a", expires_in_s=10 * 86_400)
    instead = Stage(**{**RISING.as_json(), "escalate_to": "person:sam", "instead": True})
    _, only = awaiting(instead, turn_id="turn_b", expires_in_s=10 * 86_400)

    office.look(MONDAY_10)

    assert office.click(too, "finn", MONDAY_10).outcome == "approved"
    assert office.click(only, "finn", MONDAY_10) == Decided(
        "not_allowed", "You cannot decide this; it is for Sam."
    )
    assert office.click(only, "sam", MONDAY_10).outcome == "approved"


def test_who_comes_in_later_has_their_own_time_before_a_reminder(
    office: Office, awaiting: Awaiting
) -> None:
    both = Stage(**{**RISING.as_json(), "remind_s": 4 * HOUR, "remind_working": True})
    awaiting(both, turn_id="turn_a", expires_in_s=10 * 86_400)
    awaiting(
        Stage(**{**both.as_json(), "instead": True}), turn_id="turn_b", expires_in_s=10 * 86_400
    )

    office.look(MONDAY_10)
    assert office.reminders() == [("U0FINN", 2)]

    office.look(MONDAY_10 + timedelta(hours=4))
    assert office.reminders().count(("U0SAM", 1)) == 2


def test_what_could_only_go_to_nobody_stays_and_the_owner_is_told(
    office: Office, awaiting: Awaiting
) -> None:
    lost = Stage(**{**RISING.as_json(), "escalate_to": "group:empty", "instead": True})
    _, request_id = awaiting(lost, expires_in_s=10 * 86_400)

    office.look(MONDAY_10)
    office.look(MONDAY_10 + timedelta(days=1))

    with office.db.read() as session:
        (told,) = session.exec(select(Post).where(Post.kind == "notice")).all()
    assert (told.channel, told.body["text"]) == (
        "U0OLGA",
        "Finn did not answer within 1 working day, and nobody in Empty could. "
        "Put somebody into Empty in config/people.yaml, or name others in the rule.",
    )
    assert office.click(request_id, "finn", MONDAY_10 + timedelta(days=1)).outcome == "approved"


def test_a_later_stage_has_its_own_time(office: Office, awaiting: Awaiting) -> None:
    _, request_id = awaiting(Stage("person:sam", 1, "a"), REMINDED, expires_in_s=10 * 86_400)
    assert office.request(request_id).next_at is None

    office.click(request_id, "sam", FRIDAY_14)

    assert office.request(request_id).next_at == MONDAY_10


def test_an_expiry_in_working_time_spares_the_weekend(
    db: Database, awaiting: Awaiting, office: Office
) -> None:
    """R46."""
    _, request_id = awaiting(expires_in_s=30 * 86_400, expires_working_s=8 * HOUR)

    assert office.request(request_id).expires_at == MONDAY_10


def test_an_expiry_by_the_clock_that_comes_first_counts(awaiting: Awaiting, office: Office) -> None:
    _, request_id = awaiting(expires_in_s=86_400, expires_working_s=8 * HOUR)

    assert office.request(request_id).expires_at == NOW + timedelta(days=1)


def test_an_expiry_may_count_as_a_refusal(
    db: Database, log: Log, office: Office, awaiting: Awaiting
) -> None:
    action, request_id = awaiting(expires_in_s=HOUR, on_expiry="reject")
    late = NOW + timedelta(hours=2)

    with db.transaction() as session:
        assert expire_due(session, log, now=late) == 1

    assert _status(db, action) == "rejected"
    assert office.events("approvals:action:rejected") == [
        "Nobody answered in time (asked Finance), which counts as a refusal"
    ]
    assert office.click(request_id, "finn", late).sentence == (
        "Nobody answered until 12:00 on Fri 20 Nov, so it counts as refused; nothing was done."
    )


def _status(db: Database, action: Action) -> str:
    with db.read() as session:
        return _row(session, action).status


def _row(session: Session, action: Action) -> Action:
    return session.get_one(Action, action.id)
