"""Which actions the keeper has executed again."""

from __future__ import annotations

import threading

import pytest
from road import Road
from till import Fault, Till

from core.errors import ConfigError
from tools.bounded import Bounded
from tools.contract import Unavailable
from tools.due import sweep_due
from tools.limits import Limits, limits_of


def due(road: Road) -> list[str]:
    with road.db.read() as session:
        return [action.id for action in sweep_due(session, now=road.clock.now())]


def test_a_retry_is_due_when_its_time_has_come(road: Road, till: Till) -> None:
    action_id = road.approved("till.refund", order="4711", minor=100)
    till.faults.append(Fault("POST /refund", "drop_after"))
    road.execute(action_id)

    assert due(road) == []
    road.wait(1)
    assert due(road) == [action_id]
    road.execute(action_id)
    assert due(road) == []


def test_an_orphaned_claim_is_due_when_its_lease_is_over(road: Road, till: Till) -> None:
    action_id = road.approved("till.refund", order="4711", minor=100)
    till.faults.append(Fault("POST /refund", "drop_after"))
    road.execute(action_id)
    road.set(action_id, next_at=None, lease_until=road.clock.now())

    assert due(road) == [action_id]


def test_limits_come_from_the_settings_by_name() -> None:
    assert limits_of({"tools_max_attempts": 2.0, "turn_lease_s": 9}) == Limits(max_attempts=2)


@pytest.mark.parametrize("numbers", [{"tools_patience": 1.0}, {"tools_max_attempts": -1.0}])
def test_limits_that_do_not_exist_or_make_no_sense_are_refused(numbers: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="Names: tools_deadline_factor, "):
        limits_of(numbers)


def test_too_many_hanging_calls_stop_further_ones_unsent() -> None:
    bounded, release, sent = Bounded(max_stuck=1), threading.Event(), []
    with pytest.raises(Unavailable) as overran:
        bounded.call(release.wait, timeout_s=0.01)

    with pytest.raises(Unavailable) as unsent:
        bounded.call(lambda: sent.append(1), timeout_s=60)

    assert (overran.value.reached, unsent.value.reached) == (True, False)
    assert sent == []
    release.set()
