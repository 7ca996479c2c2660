"""The store of conversations in flight may lose everything at any moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import redis

from graphs.checkpoint.saver import RedisSaver
from tests.graphs.office import DONE, FIND, Office


class Forgetful(RedisSaver):
    """A saver whose server is wiped once, just before its nth trip."""

    def __init__(self, url: str, nth: int) -> None:
        client = redis.Redis.from_url(url)
        super().__init__(client)
        self._wiper, self._left = client, nth

    def _run(self, script: str, thread_id: str, args: Sequence[Any]) -> Any:
        self._left -= 1
        if self._left == 0:
            self._wiper.flushall()
        return super()._run(script, thread_id, args)


@pytest.mark.parametrize("nth", range(1, 31))
def test_a_store_wiped_before_any_trip_costs_no_second_model_call(
    office: Office, redis_url: str, nth: int
) -> None:
    """R84."""
    office.model.script(FIND, DONE)
    forgetful = Forgetful(redis_url, nth)
    office.saver = forgetful
    turn = office.say("where is order 4711?")
    runner = office.runner()

    first = runner.run(turn.id)
    [action] = office.actions(turn.id)
    office.settle(action.id)
    second = runner.run(turn.id)

    assert (first, second) == ("waiting", "answered")
    assert [one.id for one in office.actions(turn.id)] == [action.id]
    assert len(office.model.calls()) == 2
    assert len(office.posts(turn.id)) == 1
    forgetful.close()
