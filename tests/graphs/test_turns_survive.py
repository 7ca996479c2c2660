"""Turns over wiped stores, dead or doubled workers, and models that misbehave."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from core.db import Database
from graphs.checkpoint.connect import open_saver
from graphs.runtime.claim import Limits
from graphs.runtime.turns import stop
from tests.graphs.office import DONE, FIND, REFUND, SHORT, Office, Paused, calls, open_office
from tests.llm.rehearsal import Rehearsal


@pytest.fixture
def office(
    db: Database, tmp_path: Path, redis_url: str, wipe: redis.Redis, model: Rehearsal
) -> Iterator[Office]:
    """On both databases."""
    with open_office(tmp_path, redis_url, model, db) as opened:
        yield opened


def test_a_store_wiped_while_a_request_waits_gives_the_same_actions(
    office: Office, wipe: redis.Redis
) -> None:
    office.model.script(
        calls(("shop__find_order", {"order": "1"}), ("shop__find_order", {"order": "2"})), DONE
    )
    turn = office.say("where are 1 and 2?")
    runner = office.runner()
    runner.run(turn.id)
    first, second = office.actions(turn.id)

    wipe.flushall()
    office.settle(first.id)
    halfway = runner.run(turn.id)
    wipe.flushall()
    office.settle(second.id)
    end = runner.run(turn.id)

    assert (halfway, end) == ("waiting", "answered")
    assert [one.id for one in office.actions(turn.id)] == [first.id, second.id]
    assert len(office.model.calls()) == 2
    assert office.turn(turn.id).generation == 3


def test_two_workers_on_one_turn_do_its_work_once(office: Office) -> None:
    """R52."""
    office.model.script({"content": "Hello."})
    turn = office.say("hello")
    models = Paused(office.models, office.model.base_url)
    first = office.runner(models=models)
    outcomes: list[str] = []
    worker = threading.Thread(target=lambda: outcomes.append(first.run(turn.id)))
    worker.start()
    assert models.answered.wait(60)

    outcomes.append(office.runner().run(turn.id))
    models.go.set()
    worker.join()
    models.close()

    assert outcomes == ["held", "answered"]
    assert len(office.model.calls()) == 1
    assert len(office.posts(turn.id)) == 1


def test_a_worker_that_slept_past_its_lease_cannot_write(office: Office) -> None:
    office.model.script({"content": "From the slow one."}, {"content": "Hello."})
    turn = office.say("hello")
    models = Paused(office.models, office.model.base_url)
    # Its renewals come every 20 s, so this worker is as good as paused.
    sleepy = office.runner(replace(SHORT, lease=timedelta(seconds=60)), models)
    outcomes: list[str] = []
    slow = threading.Thread(target=lambda: outcomes.append(sleepy.run(turn.id)))
    slow.start()
    assert models.answered.wait(60)
    office.clock.advance(timedelta(seconds=61))

    outcomes.append(office.runner().run(turn.id))
    models.go.set()
    slow.join()
    models.close()

    assert outcomes == ["answered", "held"]
    assert office.turn(turn.id).answer == "Hello."
    assert [row.message["content"] for row in office.responses(turn.id)] == ["Hello."]
    assert len(office.posts(turn.id)) == 1


def test_an_action_that_settles_before_the_wait_is_stored_is_not_missed(office: Office) -> None:
    office.model.script(FIND, DONE)
    turn = office.say("where is order 4711?")
    runner = office.runner()
    busy = threading.Event()

    def settle_at_once() -> None:
        while not (found := office.actions(turn.id)):
            time.sleep(0.001)
        office.settle(found[0].id)
        busy.set()

    tool_worker = threading.Thread(target=settle_at_once)
    tool_worker.start()
    outcome = runner.run(turn.id)
    tool_worker.join()
    while outcome == "waiting":
        outcome = runner.run(turn.id)

    assert busy.is_set()
    assert outcome == "answered"
    assert len(office.model.calls()) == 2


def test_what_settles_while_a_worker_holds_the_turn_is_delivered_again(office: Office) -> None:
    office.model.script(FIND, DONE)
    turn = office.say("where is order 4711?")
    runner = office.runner()
    runner.run(turn.id)
    office.rung.clear()
    [action] = office.actions(turn.id)
    office.settle(action.id)

    rung = [message.args for message in office.rung if message.job == "run_turn"]
    assert rung == [{"turn_id": turn.id}]


def test_the_next_message_of_the_conversation_is_delivered_when_this_one_ends(
    office: Office,
) -> None:
    """R53."""
    office.model.script({"content": "One."}, {"content": "Two."})
    first = office.say("one")
    second = office.say("two", thread_ts=first.message_ts)
    runner = office.runner()

    early = runner.run(second.id)
    office.rung.clear()
    runner.run(first.id)

    assert early == "held"
    assert [message.args for message in office.rung if message.job == "run_turn"] == [
        {"turn_id": second.id}
    ]
    assert runner.run(second.id) == "answered"
    assert office.turn(first.id).answer == "One."


def test_a_model_that_is_down_is_tried_again_and_then_said(office: Office) -> None:
    """R93."""
    office.model.fault("error", times=99)
    turn = office.say("hello")
    runner = office.runner()

    outcomes = [runner.run(turn.id) for _ in range(3)]

    assert outcomes == ["later", "later", "failed"]
    [notice] = office.posts(turn.id)
    assert notice.body["text"].startswith("The language model did not answer, 3 times in a row")
    assert office.open_rows(turn.id) == []


def test_a_model_that_comes_back_answers_as_if_nothing_had_been(office: Office) -> None:
    office.model.fault("error", times=2)
    office.model.script({"content": "Hello."})
    turn = office.say("hello")
    runner = office.runner()

    outcomes = [runner.run(turn.id), runner.run(turn.id)]

    assert outcomes == ["later", "answered"]
    assert len(office.open_rows(turn.id)) == 0


def test_a_refused_key_fails_at_once_and_says_who_mends_it(office: Office) -> None:
    """R93."""
    office.model.script({"status": 401})
    turn = office.say("hello")

    assert office.runner().run(turn.id) == "failed"
    [notice] = office.posts(turn.id)
    assert "The owner needs to check OPENAI_API_KEY." in notice.body["text"]


def test_a_store_that_is_down_keeps_the_turn(office: Office, redis_url: str) -> None:
    office.model.script({"content": "Hello."})
    turn = office.say("hello")
    up = office.saver
    office.saver = open_saver("redis://127.0.0.1:9/0", timeout_s=0.2)

    down = office.runner().run(turn.id)
    office.saver.close()
    kept = len(office.open_rows(turn.id))
    office.saver = up
    back = office.runner().run(turn.id)

    assert (down, kept, back) == ("later", 1, "answered")


def test_a_turn_that_kills_its_workers_fails_after_its_tries(office: Office) -> None:
    from core.leases import Held, release
    from graphs.runtime.claim import Claim, claim

    turn = office.say("hello")
    for _ in range(3):  # taken, and never heard of again
        with office.db.transaction() as session:
            got = claim(
                session,
                office.log,
                turn_id=turn.id,
                versions={"graph": "assistant@2"},
                serves=lambda _graph: True,
                limits=SHORT,
                now=office.clock.now(),
            )
            assert isinstance(got, Claim)
        office.clock.advance(SHORT.lease + timedelta(seconds=1))

    assert office.runner().run(turn.id) == "failed"
    assert "reference" in office.posts(turn.id)[0].body["text"]
    with office.db.transaction() as session:
        release(session, Held(f"turn:{turn.id}", 4), now=office.clock.now())


@pytest.mark.parametrize(
    "bad", [("shop__find_order", '{"order": '), ("shop__fly", {}), ("shop__find_order", {})]
)
def test_an_unusable_call_goes_back_to_the_model_once(office: Office, bad: tuple[str, Any]) -> None:
    """R50."""
    office.model.script(calls(bad), FIND, DONE)
    turn = office.say("where is order 4711?")
    runner = office.runner()

    first = runner.run(turn.id)
    [action] = office.actions(turn.id)
    office.settle(action.id)

    assert (first, runner.run(turn.id)) == ("waiting", "answered")
    assert "<<from Signoff's checks>>" in office.model.calls()[1]["request"]


def test_an_unusable_call_twice_goes_to_the_person(office: Office) -> None:
    """R112."""
    bad = calls(("shop__find_order", '{"order": '))
    office.model.script(bad, bad)
    turn = office.say("where is order 4711?")

    assert office.runner().run(turn.id) == "answered"
    assert office.actions(turn.id) == []
    answer = office.turn(turn.id).answer
    assert answer is not None
    assert answer.startswith("I could not turn this into a step that I am able to take")


def test_a_good_call_beside_a_bad_one_is_not_done_either(office: Office) -> None:
    """R50."""
    mixed = calls(("shop__refund", {"order": "4711", "minor": 1}), ("shop__fly", {}))
    office.model.script(mixed, {"content": "Sorry."})
    turn = office.say("refund and fly")

    assert office.runner().run(turn.id) == "answered"
    assert office.actions(turn.id) == []


def test_stopping_a_waiting_turn_cancels_what_it_has_not_begun(office: Office) -> None:
    office.model.script(REFUND)
    turn = office.say("refund order 4711")
    runner = office.runner()
    runner.run(turn.id)

    with office.db.transaction() as session:
        stopped = stop(
            session, office.log, turn_id=turn.id, by="finn", name="Finn", now=office.clock.now()
        )
    after = runner.run(turn.id)

    assert (stopped, after) == (True, "stopped")
    assert [action.status for action in office.actions(turn.id)] == ["cancelled"]
    assert office.posts(turn.id)[0].body == {"text": "Finn stopped this. Nothing further happens."}
    assert office.open_rows(turn.id) == []


def test_stopping_a_running_turn_is_noticed_at_its_next_write(office: Office) -> None:
    office.model.script({"content": "Hello."})
    turn = office.say("hello")
    models = Paused(office.models, office.model.base_url)
    runner = office.runner(models=models)
    outcomes: list[str] = []
    worker = threading.Thread(target=lambda: outcomes.append(runner.run(turn.id)))
    worker.start()
    assert models.answered.wait(60)

    with office.db.transaction() as session:
        stop(session, office.log, turn_id=turn.id, by="ana", name="Ana", now=office.clock.now())
    models.go.set()
    worker.join()
    models.close()

    assert outcomes == ["stopped"]
    assert [post.kind for post in office.posts(turn.id)] == ["notice"]
    assert office.turn(turn.id).answer is None


def test_a_stop_on_everything_stops_a_turn_before_it_asks_the_model(office: Office) -> None:
    from approvals import switches
    from tests.graphs.office import TEAM

    turn = office.say("hello")
    with office.db.transaction() as session:
        switches.stop(
            session, office.log, scope="all", workspace_id=TEAM, by="olga", now=office.clock.now()
        )

    assert office.runner().run(turn.id) == "stopped"
    assert office.model.calls() == []


def test_a_stop_on_everything_keeps_a_turn_that_waits_and_lets_it_go_on(office: Office) -> None:
    from approvals import switches
    from tests.graphs.office import TEAM

    office.model.script(REFUND, DONE)
    turn = office.say("refund order 4711")
    runner = office.runner()
    runner.run(turn.id)
    [action] = office.actions(turn.id)

    def press(change: Callable[..., bool]) -> None:
        with office.db.transaction() as session:
            now = office.clock.now()
            change(session, office.log, scope="all", workspace_id=TEAM, by="olga", now=now)

    press(switches.stop)
    stopped = runner.run(turn.id)
    press(switches.release)
    office.settle(action.id)

    assert stopped == "held"
    assert runner.run(turn.id) == "answered"
    assert [post.kind for post in office.posts(turn.id)] == ["answer"]


def test_a_denied_action_is_told_to_the_model_and_ends_in_its_words(office: Office) -> None:
    office.model.script(REFUND, {"content": "Signoff's policy does not allow this."})
    turn = office.say("refund order 4711")
    runner = office.runner()
    runner.run(turn.id)
    [action] = office.actions(turn.id)
    office.settle(action.id, "denied")

    assert runner.run(turn.id) == "answered"
    assert office.posts(turn.id)[0].body["sources"] == []


def test_limits_are_those_of_the_design() -> None:
    assert Limits() == Limits(lease=timedelta(seconds=15), max_tries=5, rebuilds=3)
