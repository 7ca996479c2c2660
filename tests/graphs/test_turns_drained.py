"""A worker that is asked to stop finishes what it can, and hands the rest over at once."""

from __future__ import annotations

import threading
from dataclasses import replace

from graphs.runtime.drain import Drain
from graphs.runtime.run import TurnRunner
from tests.graphs.office import DONE, FIND, SHORT, Office, Paused


def _leaving(office: Office, drain: Drain, models: Paused | None = None) -> TurnRunner:
    desk = replace(office.desk(models), drain=drain)
    return TurnRunner(desk, office.people, office.saver, SHORT, office.versions)


def test_no_turn_is_begun_and_its_delivery_is_passed_on(office: Office) -> None:
    drain = Drain()
    turn = office.say("where is order 4711?")
    drain.begin()
    office.rung.clear()

    outcome = _leaving(office, drain).run(turn.id)

    assert outcome == "held"
    assert office.turn(turn.id).status == "received"
    assert [message.args for message in office.rung] == [{"turn_id": turn.id}]
    assert office.model.calls() == []


def test_an_answer_under_way_is_kept_and_what_follows_needs_no_other_worker(
    office: Office,
) -> None:
    office.model.script(FIND, DONE)
    turn = office.say("where is order 4711?")
    drain, models = Drain(grace_s=60), Paused(office.models, office.model.base_url)
    outcomes: list[str] = []
    worker = threading.Thread(
        target=lambda: outcomes.append(_leaving(office, drain, models).run(turn.id))
    )
    worker.start()
    assert models.answered.wait(60)

    drain.begin()
    models.go.set()
    worker.join()
    models.close()

    assert outcomes == ["waiting"]
    assert len(office.actions(turn.id)) == 1
    assert len(office.model.calls()) == 1


def test_a_turn_whose_answer_takes_too_long_goes_on_in_another_worker_at_once(
    office: Office,
) -> None:
    office.model.script({**DONE, "pace": 600}, DONE)
    turn = office.say("where is order 4711?")
    drain = Drain(grace_s=0)
    outcomes: list[str] = []
    worker = threading.Thread(target=lambda: outcomes.append(_leaving(office, drain).run(turn.id)))
    worker.start()
    while not office.model.calls():
        worker.join(0.05)

    drain.begin()
    worker.join()
    between = office.turn(turn.id)
    office.rung.clear()
    outcomes.append(office.runner().run(turn.id))

    assert outcomes == ["held", "answered"]
    assert (between.status, between.tries) == ("running", 0)
    assert len(office.posts(turn.id)) == 1


def test_a_handed_over_turn_is_rung_for_and_counts_no_try(office: Office) -> None:
    office.model.script(FIND, DONE)
    turn = office.say("where is order 4711?")
    office.runner().run(turn.id)
    [action] = office.actions(turn.id)
    office.settle(action.id)
    office.rung.clear()
    drain = Late()

    outcomes = [_leaving(office, drain).run(turn.id) for _ in range(SHORT.max_tries + 2)]
    rung = [message.args for message in office.rung]
    end = office.runner().run(turn.id)

    assert set(outcomes) == {"held"}
    assert {"turn_id": turn.id} in rung
    assert end == "answered"
    assert len(office.model.calls()) == 2


class Late(Drain):
    """Begins for each run after it took its turn."""

    def __init__(self) -> None:
        super().__init__()
        self._looks = 0

    @property
    def begun(self) -> bool:
        self._looks += 1
        return self._looks % 2 == 0
