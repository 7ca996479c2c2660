"""Jobs that were given up and what the reconciler found: seen, decided and logged (R48, R92)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from redis import Redis
from sqlmodel import Session, col, select

from approvals.actions import Proposed, propose
from approvals.people import People
from approvals.tables import Action
from audit.keys import KeyRing
from audit.log import Log
from audit.tables import Event
from bot.broker import Doorbell
from bot.cli import main
from bot.failures import Failures
from core.clock import HeldClock
from core.db import Database
from core.dead import Patience, dead_letters
from core.errors import LeaseLost, RecallError
from core.outbox import Message, Outbox
from core.posts import Post
from core.schema import migrate
from tests.bot.opening import CONFIG
from tests.conftest import NOW
from tests.graphs.store import private_store
from tools.tables import Finding

Signoff = Callable[..., tuple[int, str]]
TEAM = "T0PRACTICE"


@pytest.fixture
def log(empty_db: Database, tmp_path: Path) -> Log:
    migrate(empty_db)
    return Log(keys=KeyRing.load_or_create(tmp_path / "signoff.key"))


@pytest.fixture
def signoff(
    empty_db: Database,
    log: Log,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Signoff:
    url = empty_db.engine.url.render_as_string(hide_password=False)
    shutil.copytree(CONFIG, tmp_path / "config")
    for name, value in {
        "DATABASE_URL": url,
        "SIGNOFF_DATA": str(tmp_path),
        "SIGNOFF_CONFIG": str(tmp_path / "config"),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str]:
        status = main(words)
        told = capsys.readouterr()
        return status, told.out + told.err

    return run


@pytest.fixture
def failures(empty_db: Database, log: Log, people: People, clock: HeldClock) -> Failures:
    return Failures(empty_db, log, people, clock, Patience(tries=2), chance=lambda: 1.0)


def proposed(db: Database, log: Log, status: str = "proposed") -> str:
    with db.transaction() as session:
        (action,) = propose(
            session,
            log,
            turn_id="turn_1",
            step=0,
            calls=[Proposed("shop.refund", "1.0.0", {}, "Refund an order")],
            principal_id="ana",
            workspace_id=TEAM,
            channel="C0SUPPORT",
            thread_ts="1.1",
            automation="assistant",
            now=NOW,
        )
        action.status = status
        session.add(action)
        return action.id


def die(failures: Failures, action_id: str, job: str = "prepare") -> str:
    """Fail twice, which is once too often here; the letter's id."""
    for _ in range(2):
        failures.note(job, {"action_id": action_id}, RecallError("secret words"))
    with failures.db.read() as session:
        return dead_letters(session, workspace_id=TEAM)[-1].id


def status(db: Database, action_id: str) -> str:
    with db.read() as session:
        return session.get_one(Action, action_id).status


def events(session: Session, subject: str) -> list[tuple[str, str]]:
    query = select(Event.type, Event.actor).where(Event.subject == subject)
    return list(session.exec(query.order_by(col(Event.at), col(Event.id))))


def test_operators_are_told_once_and_the_list_names_it(
    signoff: Signoff, failures: Failures, log: Log
) -> None:
    action_id = proposed(failures.db, log)
    letter = die(failures, action_id)

    with failures.db.read() as session:
        posts = session.exec(select(Post).where(Post.subject == letter)).all()
    assert len(posts) == len([p for p in failures.people.everyone if p.operator])
    assert all(letter in post.body["text"] and "secret" not in post.body["text"] for post in posts)
    code, told = signoff("dead", "list")
    assert (code, f"prepare {action_id}: RecallError, 2 tries" in told) == (0, True)
    assert "1 given up." in told
    assert action_id in signoff("dead", "show", letter)[1]


def test_who_was_only_slower_has_not_failed(failures: Failures, log: Log) -> None:
    action_id = proposed(failures.db, log)

    for _ in range(5):
        failures.note("prepare", {"action_id": action_id}, LeaseLost())

    with failures.db.read() as session:
        assert session.exec(select(Outbox.failures)).all() == [0]


def test_a_replayed_job_is_queued_again(signoff: Signoff, failures: Failures, log: Log) -> None:
    letter = die(failures, proposed(failures.db, log))

    assert signoff("dead", "replay", letter)[0] == 0

    assert signoff("dead", "replay", letter)[0] == 2
    with failures.db.read() as session:
        query = select(Outbox).where(col(Outbox.done_at).is_(None), Outbox.job == "prepare")
        open_rows = session.exec(query).all()
        logged = events(session, letter)
    assert [(row.job, row.failures) for row in open_rows] == [("prepare", 0)]
    assert [kind for kind, _actor in logged] == ["bot:job:dead", "bot:job:replayed"]
    assert logged[-1][1].startswith("os:")


def test_a_dropped_proposal_is_cancelled_so_that_its_turn_goes_on(
    signoff: Signoff, failures: Failures, log: Log
) -> None:
    action_id = proposed(failures.db, log)
    letter = die(failures, action_id)

    assert signoff("dead", "drop", letter)[0] == 2  # no reason
    code, told = signoff("dead", "drop", letter, "--reason", "asked twice", "--as", "olga")

    assert (code, "its action is cancelled" in told) == (0, True)
    assert status(failures.db, action_id) == "cancelled"
    with failures.db.read() as session:
        queued = session.exec(select(Outbox.job).where(col(Outbox.done_at).is_(None))).all()
        assert events(session, letter)[-1][1].endswith("/olga")
    assert "run_turn" in queued


def test_what_may_have_been_sent_is_asked_about_when_its_job_is_dropped(
    signoff: Signoff, failures: Failures, log: Log
) -> None:
    action_id = proposed(failures.db, log, "executing")
    letter = die(failures, action_id)

    code, told = signoff("dead", "drop", letter, "--reason", "the shop is closed")

    assert (code, "a person is asked" in told) == (0, True)
    assert status(failures.db, action_id) == "unknown"


def test_a_finding_is_listed_and_settled_with_a_reason(
    signoff: Signoff, empty_db: Database
) -> None:
    with empty_db.transaction() as session:
        session.add(
            Finding(
                id="find_1",
                workspace_id=TEAM,
                tool="shop.refund",
                kind="unasked",
                told="The record of shop shows a refund.",
                found_at=NOW,
            )
        )

    assert "The record of shop shows a refund." in signoff("findings", "list")[1]
    assert signoff("findings", "settle", "find_1")[0] == 2
    assert signoff("findings", "settle", "find_1", "--reason", "Finn did it") == (0, "Settled.\n")
    assert signoff("findings", "settle", "find_1", "--reason", "again")[0] == 2
    nothing = "0 open.\n0 effects not compared yet.\n"
    assert signoff("findings", "list")[1] == nothing


def test_a_queue_is_not_made_longer_than_its_bound_and_sql_keeps_the_rest() -> None:
    """R47."""
    messages = [Message("run_turn", {"turn_id": f"turn_{n}"}) for n in range(3)]
    with private_store() as address:
        ring, link = Doorbell(address, most=5), Redis.from_url(address)
        try:
            for _ in range(9):
                ring(messages)
            ring([Message("prepare", {"action_id": "act_1"})])
            full = link.llen("graphs")
            held = ring.in_line({"run_turn": 100, "prepare": 100})
            link.delete("graphs")
            ring(messages)

            assert full == 6  # the last batch is not cut
            assert held == {"run_turn"}
            assert (link.llen("graphs"), link.llen("tools")) == (3, 1)
        finally:
            ring.close()
            link.close()


def test_patience_of_jobs_is_as_long_as_said() -> None:
    longest = sum((Patience().wait(n, 1.0) for n in range(1, 16)), timedelta())

    assert timedelta(hours=1) < longest < timedelta(hours=3)
