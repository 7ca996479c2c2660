"""What a turn waits for may be settled in any order, twice over, or before it waits at all."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import redis
from langgraph.types import Command

from graphs.assistant import Message, Observed
from graphs.checkpoint.errors import WrongGeneration
from graphs.runtime.thread import Thread
from graphs.versions import ASSISTANT
from tests.graphs.office import DONE, REFUND, Office, calls

THREE = calls(*[("shop__refund", {"order": str(number), "minor": 100}) for number in (1, 2, 3)])


@pytest.mark.parametrize("wiped", [False, True])
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_requests_are_settled_in_any_order(
    office: Office, wipe: redis.Redis, order: Sequence[int], wiped: bool
) -> None:
    office.model.script(THREE, DONE)
    turn = office.say("refund 1, 2 and 3")
    outcomes = [office.runner().run(turn.id)]
    actions = office.actions(turn.id)

    for index in order:
        office.settle(actions[index].id, "succeeded" if index else "denied")
        if wiped:
            wipe.flushall()
        outcomes.append(office.runner().run(turn.id))

    assert outcomes == ["waiting", "waiting", "waiting", "answered"]
    assert len(office.model.calls()) == 2
    # Each answer stands under the call it belongs to, whatever came first.
    assert [action.status for action in office.actions(turn.id)] == [
        "denied",
        "succeeded",
        "succeeded",
    ]
    assert len(office.posts(turn.id)) == 1


@pytest.mark.parametrize("settled", [1, 2, 3])
def test_what_was_settled_before_the_first_wait_is_not_waited_for(
    office: Office, wipe: redis.Redis, settled: int
) -> None:
    """The worker dies with its actions committed; all or some are settled before the next runs."""
    office.model.script(THREE, DONE)
    turn = office.say("refund 1, 2 and 3")
    office.runner().run(turn.id)
    actions = office.actions(turn.id)
    wipe.flushall()  # as if its wait had never been stored
    for action in actions[:settled]:
        office.settle(action.id)

    outcome = office.runner().run(turn.id)

    assert outcome == ("answered" if settled == 3 else "waiting")
    assert [one.id for one in office.actions(turn.id)] == [action.id for action in actions]


def test_an_answer_that_comes_twice_does_not_answer_the_next_question(office: Office) -> None:
    office.model.script(REFUND, REFUND, DONE)
    turn = office.say("refund order 4711 twice")
    runner = office.runner()
    runner.run(turn.id)
    [first] = office.actions(turn.id)
    office.settle(first.id)

    outcomes = [runner.run(turn.id) for _ in range(3)]
    second = office.actions(turn.id)[1]
    office.settle(second.id)
    outcomes.append(runner.run(turn.id))

    assert outcomes == ["waiting", "waiting", "waiting", "answered"]
    assert len(office.actions(turn.id)) == 2
    assert len(office.model.calls()) == 3


class _Nobody:
    """The work of a run that must not come to work."""

    def model(self, step: int, messages: Sequence[dict[str, Any]]) -> Message:
        raise AssertionError

    def propose(self, step: int, calls: Sequence[Mapping[str, Any]]) -> list[str]:
        raise AssertionError

    def observe(self, action_ids: Sequence[str]) -> list[Observed]:
        raise AssertionError


def test_a_late_answer_to_an_earlier_question_is_refused_by_the_thread(office: Office) -> None:
    """Were it taken, the second refund would count as settled by what settled the first."""
    office.model.script(REFUND, REFUND, DONE)
    turn = office.say("refund order 4711 twice")
    runner = office.runner()
    runner.run(turn.id)
    graph = ASSISTANT.current.build(office.saver)
    thread = Thread(graph, office.saver, turn.id, 1, 99, office.budget.steps)
    [task] = graph.get_state(thread._config()).tasks
    [question] = task.interrupts
    [first] = office.actions(turn.id)
    office.settle(first.id)
    runner.run(turn.id)

    with pytest.raises(WrongGeneration):
        thread._invoke(Command(resume={question.id: first.id}), _Nobody())

    waits = [i.value for task in graph.get_state(thread._config()).tasks for i in task.interrupts]
    assert waits == [{"action_id": office.actions(turn.id)[1].id}]
    assert len(office.model.calls()) == 2
