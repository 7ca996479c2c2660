"""Actions: proposed once, moved once, replaced and dropped with their requests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from approvals.actions import (
    Proposed,
    answer_unknown,
    ask_about,
    cancel,
    cancel_turn,
    head,
    move,
    settled,
    supersede,
)
from approvals.people import People, Principal
from approvals.tables import Action, Request
from audit.log import Log
from audit.tables import Event
from core.db import Database
from core.errors import InvalidTransition
from core.outbox import Outbox
from core.posts import Post
from tests.approvals.conftest import NOW, Propose

Awaiting = Callable[..., tuple[Action, str]]


def jobs(session: Session, job: str) -> list[str]:
    query = select(Outbox.key).where(Outbox.job == job).order_by(col(Outbox.id))
    return list(session.exec(query).all())


def types(session: Session, action_id: str) -> list[str]:
    query = select(Event.type).where(Event.action_id == action_id).order_by(col(Event.id))
    return [each.removeprefix("approvals:") for each in session.exec(query).all()]


def step(db: Database, log: Log, action: Action, *path: str, **changes: Any) -> Action:
    with db.transaction() as session:
        for to in path:
            action = move(
                session, log, action, to, now=NOW, actor="system:test", reason=to, **changes
            )
    return action


def someone(people: People, name: str) -> Principal:
    found = people.by_id(name)
    assert found is not None
    return found


def test_a_step_that_runs_again_finds_its_actions(db: Database, propose_some: Propose) -> None:
    calls = (
        Proposed("shop.find_order", "1.0.0", {"order": "4711"}),
        Proposed("mail.search", "1.0.0", {"query": "x"}),
    )

    first = propose_some(*calls)
    again = propose_some(*calls)

    assert [action.id for action in first] == [action.id for action in again]
    assert [action.tool for action in again] == ["shop.find_order", "mail.search"]
    with db.read() as session:
        assert len(session.exec(select(Action)).all()) == 2
        assert jobs(session, "prepare") == [action.id for action in first]
        assert types(session, first[0].id) == ["action:proposed"]


def test_what_a_model_writes_is_stored_even_when_databases_cannot_hold_it(
    db: Database, propose_some: Propose
) -> None:
    wild = {"n": float("nan"), "inf": [float("inf")], "t": "a\x00b", "deep": {"k\x00": 1.5}}

    (action,) = propose_some(Proposed("shop.refund", "1.0.0", wild))

    assert action.args == {"n": "nan", "inf": ["inf"], "t": "ab", "deep": {"k": 1.5}}


def test_one_of_fifty_threads_moves_an_action_and_the_others_are_told(
    db: Database, log: Log, propose_some: Propose
) -> None:
    (action,) = propose_some()
    outcomes: list[str] = []

    def race() -> None:
        try:
            step(db, log, action, "allowed")
            outcomes.append("moved")
        except InvalidTransition:
            outcomes.append("too late")

    threads = [threading.Thread(target=race) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["moved", *["too late"] * 49]
    with db.read() as session:
        assert types(session, action.id) == ["action:proposed", "action:allowed"]


def test_a_settled_action_wakes_its_turn_once(
    db: Database, log: Log, propose_some: Propose
) -> None:
    (action,) = propose_some()

    done = step(db, log, action, "allowed", "executing", "succeeded")

    assert done.settled_at == NOW
    with db.read() as session:
        assert jobs(session, "run_turn") == [f"turn_1:{action.id}:succeeded"]
        assert settled(session, [action.id])[action.id].status == "succeeded"


def test_every_attempt_raises_the_token_and_an_old_one_is_refused(
    db: Database, log: Log, propose_some: Propose
) -> None:
    (action,) = propose_some()
    first = step(db, log, action, "allowed", "executing")
    second = step(db, log, first, "executing", tainted=True)

    with pytest.raises(InvalidTransition), db.transaction() as session:
        move(
            session,
            log,
            first,
            "succeeded",
            now=NOW,
            actor="system:tools",
            reason="late",
            token=first.token,
        )

    assert (first.token, second.token, second.tainted) == (1, 2, True)
    with db.read() as session:
        assert session.get_one(Action, action.id).status == "executing"


def test_changed_facts_make_a_new_action_and_close_the_old_question(
    db: Database, log: Log, awaiting: Awaiting
) -> None:
    old, request_id = awaiting()
    with db.transaction() as session:
        new = supersede(session, log, old, now=NOW, actor="system:tools", reason="It changed")

    with db.read() as session:
        assert session.get_one(Request, request_id).status == "superseded"
        assert (new.supersedes, new.status, new.args) == (old.id, "proposed", old.args)
        assert head(session, old.id).id == new.id
        assert settled(session, [old.id]) == {}
        assert jobs(session, "run_turn") == []
        assert new.id in jobs(session, "prepare")
    step(db, log, new, "failed")
    with db.read() as session:
        assert settled(session, [old.id])[old.id].id == new.id


def test_an_undo_goes_along_to_what_replaces_it(
    db: Database, log: Log, propose_some: Propose
) -> None:
    (action,) = propose_some()
    action = step(db, log, action, "allowed", undoes="act_earlier")

    with db.transaction() as session:
        new = supersede(session, log, action, now=NOW, actor="system:tools", reason="changed")

    assert new.undoes == "act_earlier"


def test_stopping_a_turn_drops_what_has_not_begun(
    db: Database, log: Log, propose_some: Propose, awaiting: Awaiting
) -> None:
    waiting, request_id = awaiting(turn_id="turn_s")
    running, planned, known = propose_some(
        *[Proposed("shop.refund", "1.0.0", {"order": n}) for n in "abc"],
        turn_id="turn_s",
        step=1,
    )
    step(db, log, running, "allowed", "executing")
    step(db, log, known, "failed")

    with db.transaction() as session:
        gone = cancel_turn(session, log, "turn_s", now=NOW, actor="olga", reason="Olga stopped it")

    assert {action.id for action in gone} == {waiting.id, planned.id}
    with db.read() as session:
        assert session.get_one(Request, request_id).status == "cancelled"
        assert session.get_one(Action, running.id).status == "executing"
        assert session.get_one(Action, known.id).status == "failed"


def test_what_has_begun_cannot_be_cancelled(db: Database, log: Log, propose_some: Propose) -> None:
    (action,) = propose_some()
    running = step(db, log, action, "allowed", "executing")

    with pytest.raises(InvalidTransition, match="is executing"), db.transaction() as session:
        cancel(session, log, running, now=NOW, actor="ana", reason="no")


@pytest.mark.parametrize(("name", "happened"), [("ana", True), ("finn", False), ("olga", True)])
def test_an_unknown_outcome_is_settled_by_somebody_concerned(
    db: Database, log: Log, people: People, awaiting: Awaiting, name: str, happened: bool
) -> None:
    action, _ = awaiting()
    action = step(db, log, action, "approved", "executing", "unknown")
    with db.transaction() as session:
        ask_about(session, action, now=NOW)
        ask_about(session, action, now=NOW)

    def answer(who: str, yes: bool) -> str:
        with db.transaction() as session:
            return answer_unknown(
                session,
                log,
                action_id=action.id,
                person=people.by_id(who),
                happened=yes,
                now=NOW + timedelta(minutes=1),
            ).outcome

    assert answer("sam", happened) == "not_allowed"
    assert answer("nobody", happened) == "not_allowed"
    assert answer(name, happened) == "settled"
    assert answer(name, not happened) == "already_settled"
    with db.read() as session:
        row = session.get_one(Action, action.id)
        questions = session.exec(select(Post).where(Post.kind == "question")).all()
    assert row.status == ("succeeded" if happened else "failed")
    assert row.outcome is not None
    assert row.outcome["status"] == row.status
    assert someone(people, name).first_name in str(row.outcome)
    assert [post.wanted for post in questions] == [2]


def test_the_log_says_under_what_an_action_was_judged(db: Database, awaiting: Awaiting) -> None:
    """R118."""
    action, _ = awaiting()

    with db.read() as session:
        query = select(Event).where(
            Event.action_id == action.id, Event.type == "approvals:action:awaiting"
        )
        event = session.exec(query).one()
    assert event.versions == {
        "tool": "shop.refund@1.0.0",
        "content": "sha256:content",
        "effect": "irreversible",
        "policy": "sha256:p",
        "people": "sha256:q",
    }
    assert event.reason == "Asked Finance: refunds above EUR 100 need Finance"
