"""Stops: pressed once, heard everywhere, released by a person."""

from __future__ import annotations

from sqlmodel import col, select

from approvals.people import People
from approvals.switches import ALL, conversation_scope, release, stop, stopped, turn_scope
from audit.log import Log
from audit.tables import Event
from core.db import Database
from tests.approvals.conftest import NOW, TEAM


def test_a_stop_holds_its_scope_until_it_is_released(
    db: Database, log: Log, people: People
) -> None:
    scope = turn_scope("turn_1")

    def press(f: object, by: str = "olga") -> bool:
        with db.transaction() as session:
            return f(session, log, scope=scope, workspace_id=TEAM, by=by, now=NOW)  # type: ignore[operator, no-any-return]

    def heard(*scopes: str, team: str = TEAM) -> str | None:
        with db.read() as session:
            return stopped(session, workspace_id=team, scopes=scopes, people=people)

    assert not press(release)
    assert press(stop)
    assert not press(stop, "finn")
    assert heard(scope, conversation_scope("c")) == "Olga stopped this piece of work"
    assert heard(turn_scope("turn_2")) is None
    assert heard(scope, team="T0OTHER") is None
    assert press(release)
    assert heard(scope) is None
    assert press(stop, "finn")
    assert heard(scope) == "Finn stopped this piece of work"

    with db.read() as session:
        events = session.exec(select(Event).order_by(col(Event.id))).all()
    assert [(e.type, e.actor, e.turn_id) for e in events] == [
        ("bot:switch:stopped", "olga", "turn_1"),
        ("bot:switch:released", "olga", "turn_1"),
        ("bot:switch:stopped", "finn", "turn_1"),
    ]


def test_a_stop_of_everything_holds_every_scope(db: Database, log: Log, people: People) -> None:
    with db.transaction() as session:
        stop(session, log, scope=ALL, workspace_id=TEAM, by="olga", now=NOW)

    with db.read() as session:
        sentence = stopped(session, workspace_id=TEAM, scopes=["turn:x"], people=people)
        nameless = stopped(session, workspace_id=TEAM, scopes=[])
    assert sentence == "Olga stopped everything"
    assert nameless == "olga stopped everything"
