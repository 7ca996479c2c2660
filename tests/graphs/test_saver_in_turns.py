"""What turns ask of the store of conversations in flight: little of it, and none of it trusted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

from graphs.checkpoint import layout
from tests.graphs.office import DONE, FIND, Office, calls


def _stored(office: Office, turn_id: str) -> int:
    return len(list(office.saver.list({"configurable": {"thread_id": turn_id}})))


def test_a_turn_keeps_two_checkpoints_however_many_steps_it_takes(
    office: Office, wipe: redis.Redis
) -> None:
    finds = [calls(("shop__find_order", {"order": order})) for order in ("4711", "4712", "4713")]
    office.model.script(*finds, DONE)
    turn = office.say("where is order 4711?")
    runner = office.runner()

    stored = []
    while runner.run(turn.id) == "waiting":
        stored.append(_stored(office, turn.id))
        assert [wipe.ttl(key) for key in layout.keys(turn.id)] == [-1, -1], "it may wait for days"
        office.settle(office.actions(turn.id)[-1].id)

    assert stored == [2, 2, 2]
    assert office.turn(turn.id).status == "answered"
    assert wipe.keys() == []


def _cut(wipe: redis.Redis, body: str) -> None:
    for name in wipe.hkeys(body):
        if name.startswith(b"b\0"):
            wipe.hset(body, name, wipe.hget(body, name)[:-1])


@pytest.mark.parametrize("damage", [_cut, lambda wipe, body: wipe.set(body, "foreign")])
def test_a_damaged_thread_is_rebuilt_without_asking_the_model_again(
    office: Office, wipe: redis.Redis, damage: Callable[[redis.Redis, str], object]
) -> None:
    office.model.script(FIND, DONE)
    turn = office.say("where is order 4711?")
    runner = office.runner()
    assert runner.run(turn.id) == "waiting"
    [action] = office.actions(turn.id)
    office.settle(action.id)

    damage(wipe, layout.keys(turn.id)[1])

    assert runner.run(turn.id) == "answered"
    assert [one.id for one in office.actions(turn.id)] == [action.id]
    assert len(office.model.calls()) == 2
    assert len(office.posts(turn.id)) == 1
