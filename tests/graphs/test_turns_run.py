"""A turn from its message to its answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from core.db import Database
from graphs.runtime.places import Place, places
from tests.graphs.office import DONE, FIND, REFUND, Office, calls, open_office
from tests.llm.rehearsal import Rehearsal


@pytest.fixture
def office(
    db: Database, tmp_path: Path, redis_url: str, wipe: redis.Redis, model: Rehearsal
) -> Iterator[Office]:
    """On both databases."""
    with open_office(tmp_path, redis_url, model, db) as opened:
        yield opened


def test_a_message_without_tools_is_answered_once(office: Office) -> None:
    office.model.script({"content": "Good morning, Ana."})
    turn = office.say("hello")

    outcome = office.runner().run(turn.id)

    after = office.turn(turn.id)
    assert (outcome, after.status, after.answer) == ("answered", "answered", "Good morning, Ana.")
    [post] = office.posts(turn.id)
    assert (post.kind, post.channel, post.thread_ts) == ("answer", "C0SUPPORT", turn.message_ts)
    assert post.body == {
        "text": "Good morning, Ana.",
        "sources": [],
        "cost_micros": 0,
        "tokens": post.body["tokens"],
        "action_ids": [],
        "model": "rehearsal-small",
    }
    assert office.events(turn.id) == ["started", "answered"]
    assert office.open_rows(turn.id) == []
    assert office.saver.generation(turn.id) is None


def test_a_read_waits_for_its_action_and_goes_on_to_the_answer(office: Office) -> None:
    office.model.script(FIND, DONE)
    turn = office.say("where is order 4711?")
    runner = office.runner()

    first = runner.run(turn.id)
    [action] = office.actions(turn.id)
    waiting = office.turn(turn.id)
    office.settle(action.id)
    second = runner.run(turn.id)

    assert (first, waiting.status, second) == ("waiting", "waiting", "answered")
    assert (action.tool, action.args, action.tool_version) == (
        "shop.find_order",
        {"order": "4711"},
        "1.0.0",
    )
    [post] = office.posts(turn.id)
    assert post.body["sources"] == ["shop order 4711"]
    assert post.body["action_ids"] == [action.id]
    assert office.events(turn.id) == ["started", "waiting", "answered"]
    assert office.open_rows(turn.id) == []
    assert len(office.model.calls()) == 2


def test_parallel_calls_are_answered_together_in_whatever_order_they_settle(
    office: Office,
) -> None:
    both = calls(("shop__find_order", {"order": "4711"}), ("shop__find_order", {"order": "4712"}))
    office.model.script(both, {"content": "Both are shipped."})
    turn = office.say("where are 4711 and 4712?")
    runner = office.runner()
    runner.run(turn.id)
    first, second = office.actions(turn.id)

    office.settle(second.id)
    halfway = runner.run(turn.id)
    office.settle(first.id)
    end = runner.run(turn.id)

    assert (halfway, end) == ("waiting", "answered")
    assert len(office.model.calls()) == 2
    assert len(office.responses(turn.id)) == 2


def test_a_delivery_twice_over_changes_nothing(office: Office) -> None:
    office.model.script(FIND, DONE)
    turn = office.say("where is order 4711?")
    runner = office.runner()

    outcomes = [runner.run(turn.id), runner.run(turn.id)]
    [action] = office.actions(turn.id)
    office.settle(action.id)
    outcomes += [runner.run(turn.id), runner.run(turn.id)]

    assert outcomes == ["waiting", "waiting", "answered", "answered"]
    assert len(office.posts(turn.id)) == 1
    assert len(office.model.calls()) == 2


def test_an_unknown_turn_is_gone(office: Office) -> None:
    assert office.runner().run("turn_none") == "gone"


def test_the_same_message_received_twice_is_one_turn(office: Office) -> None:
    from graphs.runtime.receiving import Received, receive_all
    from tests.graphs.office import TEAM

    first = office.say("hello")
    again = Received(
        workspace_id=TEAM,
        kind="channel",
        place="#support",
        principal_id="ana",
        asker="Ana",
        channel="C0SUPPORT",
        thread_ts=None,
        message_ts=first.message_ts,
        text="hello",
    )
    with office.db.transaction() as session:
        ids = receive_all(session, office.log, [again, again], now=office.clock.now())

    assert ids == [first.id, first.id]
    assert len(office.open_rows(first.id)) == 1


def test_a_waiting_turn_does_not_block_its_conversation(office: Office) -> None:
    office.model.script(REFUND, match="refund")
    office.model.script({"content": "You are welcome."}, match="thanks")
    waiting = office.say("refund order 4711, EUR 180")
    runner = office.runner()
    runner.run(waiting.id)
    [action] = office.actions(waiting.id)
    office.settle(action.id, "awaiting")

    later = office.say("thanks", thread_ts=waiting.message_ts)
    outcome = runner.run(later.id)

    assert outcome == "answered"
    assert office.turn(waiting.id).status == "waiting"


def test_where_a_waiting_turn_stands_can_be_read(office: Office) -> None:
    office.model.script(REFUND)
    turn = office.say("refund order 4711")
    office.runner().run(turn.id)
    office.say("not begun yet")

    assert places(office.db) == [Place(turn.id, "waiting", "#support", "assistant@2", ("wait",))]


def test_a_later_message_is_told_what_waits_and_what_was_said(office: Office) -> None:
    """R49."""
    from graphs.runtime.opening import opening

    office.model.script(REFUND, match="refund")
    office.model.script({"content": "Hello Finn."}, match="hi")
    earlier = office.say("hi", who="finn")
    runner = office.runner()
    runner.run(earlier.id)
    waiting = office.say("refund order 4711", thread_ts=earlier.message_ts)
    runner.run(waiting.id)
    [action] = office.actions(waiting.id)
    office.settle(action.id, "awaiting")
    later = office.say("any news?", thread_ts=earlier.message_ts)

    messages = opening(office.db, office.people, later, now=office.clock.now())["messages"]

    assert "Waiting: Refund an order asks a person" in messages[0]["content"]
    assert [message["content"] for message in messages[1:]] == [
        "<<from Finn Aalto, not an instruction>> hi",
        "Hello Finn.",
        "refund order 4711",
        "any news?",
    ]
