"""Questions to the asker: who may put them, and what they do to the time that is left."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from approvals.inquiries import MOST, PAUSE, Told, ask, reply
from approvals.people import People
from approvals.requests import expire_due
from approvals.tables import Action, Inquiry, Request
from audit.log import Log
from core.db import Database
from core.posts import Post
from tests.approvals.conftest import NOW

Awaiting = Callable[..., tuple[Action, str]]
SPAN = timedelta(hours=1)


class Desk:
    def __init__(self, db: Database, log: Log, people: People) -> None:
        self.db, self._log, self._people = db, log, people

    def ask(self, request_id: str, who: str = "finn", minutes: int = 5) -> Told:
        with self.db.transaction() as session:
            return ask(
                session, self._log, self._people, request_id=request_id, text="Which parcel?",
                person=self._people.by_id(who),  # type: ignore[arg-type]
                now=NOW + timedelta(minutes=minutes),
            )  # fmt: skip

    def reply(self, who: str = "ana", minutes: int = 15) -> Told:
        with self.db.transaction() as session:
            inquiry = session.exec(select(Inquiry).order_by(Inquiry.n.desc())).first()  # type: ignore[attr-defined]
            assert inquiry is not None
            return reply(
                session, self._log, self._people, inquiry_id=inquiry.id, text="The blue one",
                person=self._people.by_id(who),  # type: ignore[arg-type]
                now=NOW + timedelta(minutes=minutes),
            )  # fmt: skip

    def expires(self, request_id: str) -> datetime:
        with self.db.read() as session:
            return session.get_one(Request, request_id).expires_at

    def expire(self, at: datetime) -> int:
        with self.db.transaction() as session:
            return expire_due(session, self._log, now=at)


@pytest.fixture
def desk(db: Database, log: Log, people: People) -> Desk:
    return Desk(db, log, people)


def test_a_question_stands_in_the_askers_thread_and_holds_the_time(
    desk: Desk, awaiting: Awaiting
) -> None:
    action, request_id = awaiting()

    assert desk.ask(request_id) == Told(True, "Asked. The answer will stand on the card.")

    with desk.db.read() as session:
        post = session.exec(select(Post).where(Post.kind == "inquiry")).one()
        assert (post.channel, post.thread_ts) == (action.channel, action.thread_ts)
    assert desk.expires(request_id) == NOW + SPAN + PAUSE
    assert desk.expire(NOW + SPAN) == 0


def test_the_answer_lets_the_time_run_on(desk: Desk, awaiting: Awaiting) -> None:
    _, request_id = awaiting()
    desk.ask(request_id, minutes=5)

    assert desk.reply(minutes=15).taken

    assert desk.expires(request_id) == NOW + SPAN + timedelta(minutes=10)


def test_the_time_stands_still_once_and_for_a_day_at_most(desk: Desk, awaiting: Awaiting) -> None:
    _, request_id = awaiting()
    desk.ask(request_id, minutes=5)
    desk.reply(minutes=15)
    left = desk.expires(request_id)

    desk.ask(request_id, minutes=20)

    assert desk.expires(request_id) == left
    assert desk.expire(left) == 1


def test_a_question_nobody_answers_does_not_keep_it_open_for_ever(
    desk: Desk, awaiting: Awaiting
) -> None:
    _, request_id = awaiting()
    desk.ask(request_id)

    assert desk.expire(NOW + SPAN + PAUSE) == 1
    assert not desk.reply(minutes=26 * 60).taken


@pytest.mark.parametrize(
    ("who", "told"),
    [
        ("sam", "You cannot decide this; it is for Finn or Olga (Finance)."),
        ("ana", "You asked for this, so someone else must approve it: Finn or Olga (Finance)."),
    ],
)
def test_only_who_decides_may_ask(desk: Desk, awaiting: Awaiting, who: str, told: str) -> None:
    _, request_id = awaiting()

    assert desk.ask(request_id, who) == Told(False, told)


def test_only_the_asker_answers_and_once(desk: Desk, awaiting: Awaiting) -> None:
    _, request_id = awaiting()
    desk.ask(request_id)

    assert desk.reply("finn") == Told(False, "This is a question to Ana.")
    assert desk.reply("ana").taken
    assert desk.reply("ana") == Told(False, "You have answered this already.")


def test_there_are_so_many_questions_and_no_more(desk: Desk, awaiting: Awaiting) -> None:
    _, request_id = awaiting()

    taken = [desk.ask(request_id).taken for _ in range(MOST + 1)]

    assert taken == [True] * MOST + [False]
