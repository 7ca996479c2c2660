"""A clock that is set, or a machine that stood still, while a call is under way (R67)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from road import Road
from till import Fault, Till

from core.clock import ClockWatch
from tools.registry import Registry


@dataclass
class Machine:
    """A machine's two clocks, in seconds."""

    of_day: float = 1_000_000.0
    counted: float = 50.0

    def watch(self) -> ClockWatch:
        return ClockWatch(lambda: self.of_day, lambda: self.counted)

    def passes(self, seconds: float) -> None:
        self.of_day += seconds
        self.counted += seconds


@pytest.mark.parametrize("by", [-3600.0, -2.0, 2.0, 3600.0])
def test_a_clock_that_is_set_is_seen_and_forgotten_after_a_while(by: float) -> None:
    machine = Machine()
    watch = machine.watch()
    machine.passes(100)
    assert watch.even_for(15)

    machine.of_day += by

    assert not watch.even_for(15)
    machine.passes(14)
    assert not watch.even_for(15)
    machine.passes(1)
    assert watch.even_for(15)


def test_a_clock_that_is_put_right_little_by_little_is_even() -> None:
    machine = Machine()
    watch = machine.watch()
    for _ in range(100):
        machine.passes(60)
        machine.of_day += 0.03
        assert watch.even_for(15)


def in_the_call(road: Road, meanwhile: Callable[[], None]) -> Road:
    """The same till, whose order is slow: this happens before it arrives."""
    till = road.deps.registry.connectors[0]

    def slowly(tool: Any) -> Any:
        def run(args: Any, call: Any) -> Any:
            """Order goods."""
            meanwhile()
            return tool.run(args, call)

        return replace(tool, run=run)

    tools = [slowly(tool) if tool.name == "till.order" else tool for tool in till.tools]
    return road.changed(registry=Registry.of([replace(till, tools=tuple(tools))]))


def test_a_clock_set_forward_in_the_middle_of_a_call_makes_nothing_happen_twice(
    road: Road, till: Till
) -> None:
    machine, said = Machine(), []
    other = road.changed(even_for=machine.watch().even_for)
    action_id = road.propose("till.order", sku="SKU-1", quantity=1)
    assert road.prepare_only(action_id) == "allowed"

    def meanwhile() -> None:
        road.wait(3600)
        machine.of_day += 3600
        said.append(other.execute(action_id))  # another worker: the claim seems to have run out

    in_the_call(road, meanwhile).execute(action_id)

    assert said == ["held"]
    assert till.effects("/order") == 1
    assert road.status(action_id) == "succeeded"


def test_what_really_died_is_gone_on_with_once_the_clock_ran_evenly_again(
    road: Road, till: Till
) -> None:
    machine = Machine()
    road = road.changed(even_for=machine.watch().even_for)
    action_id = road.propose("till.order", sku="SKU-1", quantity=1)
    till.faults.append(Fault("POST /order", "drop_after"))
    road.prepare(action_id)
    assert road.status(action_id) == "executing"
    machine.of_day += 3600
    road.wait(3600)
    assert road.execute(action_id) == "held"

    machine.passes(60)
    road.wait(60)

    assert road.execute(action_id) == "succeeded"
    assert till.effects("/order") == 1
