"""A turn seen while it runs, and stopped while a model writes."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from approvals import switches
from audit.tables import Event
from core.leases import Lease
from graphs.runtime.preview import Task
from graphs.runtime.run import TurnRunner
from graphs.runtime.tables import Turn
from graphs.runtime.turns import stop
from tests.graphs.office import DONE, FIND, SHORT, TEAM, Office

#: A model that would write for ten minutes.
SLOW = {"content": " ".join(["word"] * 2_400), "pace": 1.0}


@dataclass
class Onlooker:
    """A preview that remembers what it was told."""

    said: list[tuple[int, str]] = field(default_factory=list)
    seen: list[Task] = field(default_factory=list)
    spoke: threading.Event = field(default_factory=threading.Event)

    def words(self, turn: Turn, step: int, text: str) -> None:
        self.said.append((step, text))
        self.spoke.set()

    def tasks(self, turn: Turn, tasks: Sequence[Task]) -> None:
        self.seen += tasks


@dataclass
class Running:
    """One run of a turn in a thread of its own."""

    office: Office
    turn: Turn
    eyes: Onlooker = field(default_factory=Onlooker)
    outcomes: list[str] = field(default_factory=list)

    def start(self) -> None:
        """Begin, and return when the model has said its first words."""
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self.eyes.spoke.wait(60)

    def outcome(self) -> str:
        self._thread.join(60)
        assert not self._thread.is_alive()
        return self.outcomes[0]

    def _run(self) -> None:
        self.outcomes.append(runner(self.office, self.eyes).run(self.turn.id))


def runner(office: Office, eyes: Onlooker) -> TurnRunner:
    desk = replace(office.desk(), preview=eyes)
    return TurnRunner(desk, office.people, office.saver, SHORT, office.versions)


def test_words_and_tools_are_seen_as_they_come(office: Office) -> None:
    long = "Order 4711 is shipped, and on its way to Mara Lind since this morning."
    office.model.script({**FIND, "content": "I look."}, {"content": long, "pace": 0.05})
    turn, eyes = office.say("where is order 4711?"), Onlooker()

    runner(office, eyes).run(turn.id)
    [action] = office.actions(turn.id)
    office.settle(action.id)
    outcome = runner(office, eyes).run(turn.id)

    assert outcome == "answered"
    assert eyes.seen == [
        Task(action.id, "Find an order", "in_progress"),
        Task(action.id, "Find an order", "complete"),
    ]
    steps = [step for step, _ in eyes.said]
    assert sorted(steps) == steps
    words = [text for step, text in eyes.said if step == 1]
    assert words[0] != long
    assert all(long.startswith(text) for text in words)


def test_what_was_recorded_is_not_said_again(office: Office) -> None:
    """A rebuilt turn runs over its records: nobody is asked, nothing is written."""
    office.model.script({**FIND, "content": "I look."}, DONE)
    turn, eyes = office.say("where is order 4711?"), Onlooker()
    runner(office, Onlooker()).run(turn.id)
    office.saver.delete_thread(turn.id)
    [action] = office.actions(turn.id)

    runner(office, eyes).run(turn.id)

    assert eyes.said == []
    assert eyes.seen == [Task(action.id, "Find an order", "in_progress")]


def test_a_turn_stopped_while_the_model_writes_ends_then(office: Office) -> None:
    office.model.script(SLOW)
    run = Running(office, office.say("tell me everything"))
    run.start()

    with office.db.transaction() as session:
        stop(session, office.log, turn_id=run.turn.id, by="ana", name="Ana", now=office.clock.now())

    assert run.outcome() == "stopped"
    assert office.turn(run.turn.id).status == "stopped"
    assert office.responses(run.turn.id) == []
    assert len(office.model.calls()) == 1
    assert len(run.eyes.said[-1][1]) < len(str(SLOW["content"]))
    [told] = office.posts(run.turn.id)
    assert told.body == {"text": "Ana stopped this. Nothing further happens."}
    assert _left(office, run.turn) == {"content": run.eyes.said[-1][1]}


def test_stopping_everything_ends_what_a_model_writes_too(office: Office) -> None:
    office.model.script(SLOW)
    run = Running(office, office.say("tell me everything"))
    run.start()

    with office.db.transaction() as session:
        switches.stop(
            session,
            office.log,
            scope=switches.ALL,
            workspace_id=TEAM,
            by="olga",
            now=office.clock.now(),
        )

    assert run.outcome() == "stopped"
    assert office.turn(run.turn.id).status == "stopped"
    assert office.turn(run.turn.id).reason == "olga stopped everything"


def test_a_turn_that_was_taken_over_is_let_go_while_the_model_writes(office: Office) -> None:
    office.model.script(SLOW, {"content": "From the other one."})
    run = Running(office, office.say("tell me everything"))
    run.start()

    _steal_leases(office, run.turn)

    assert run.outcome() == "held"
    office.clock.advance(timedelta(minutes=1))
    assert office.runner().run(run.turn.id) == "answered"
    assert office.turn(run.turn.id).answer == "From the other one."


def test_a_stop_tells_what_was_done_until_then(office: Office) -> None:
    office.model.script(FIND, SLOW)
    run = Running(office, office.say("where is order 4711?"))
    runner(office, run.eyes).run(run.turn.id)
    [action] = office.actions(run.turn.id)
    office.settle(action.id)
    run.start()

    with office.db.transaction() as session:
        stop(session, office.log, turn_id=run.turn.id, by="finn", name="Finn", now=_now(office))

    assert run.outcome() == "stopped"
    assert office.posts(run.turn.id)[0].body == {
        "text": "Finn stopped this. Done until then: Find an order. Nothing further happens."
    }


def test_what_had_begun_ends_by_itself_and_is_named(office: Office) -> None:
    office.model.script(FIND)
    turn = office.say("where is order 4711?")
    office.runner().run(turn.id)
    [action] = office.actions(turn.id)
    office.settle(action.id, to="executing")

    with office.db.transaction() as session:
        stop(session, office.log, turn_id=turn.id, by="finn", name="Finn", now=_now(office))

    assert [each.status for each in office.actions(turn.id)] == ["executing"]
    assert office.posts(turn.id)[0].body == {
        "text": "Finn stopped this. Begun already, and ending by itself: Find an order. "
        "Nothing further happens."
    }


@pytest.mark.parametrize("cut", [1, 3])
def test_a_cut_off_answer_is_asked_for_again_and_recorded_once(office: Office, cut: int) -> None:
    office.model.script({**DONE, "cut": cut}, DONE)
    turn = office.say("where is order 4711?")

    assert office.runner().run(turn.id) == "answered"
    assert [each.message["content"] for each in office.responses(turn.id)] == [DONE["content"]]


def _left(office: Office, turn: Turn) -> Any:
    """What the log keeps of the answer that was left."""
    query = select(Event).where(Event.turn_id == turn.id, Event.type == "llm:response:left")
    with office.db.read() as session:
        event = session.exec(query).one()
        return (office.log.body(session, event.id) or {})["answer"]


def _steal_leases(office: Office, turn: Turn) -> None:
    """What another worker does when it takes over from one it thinks dead."""
    with office.db.transaction() as session:
        for lease in session.exec(select(Lease).where(col(Lease.name).contains("turn:"))):
            if turn.id in lease.name:
                lease.token += 1
                lease.holder = "another"


def _now(office: Office) -> Any:
    return office.clock.now()
