"""A connector that hangs leaves a process of the pool to the others (R94)."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from road import POLICY, Road
from till import Till

from approvals.policy.file import parse_policy
from tools.lanes import Lanes, NoLanes
from tools.registry import Registry

on_sqlite = pytest.mark.parametrize("empty_db", ["sqlite"], indirect=True)
DESKS = "  - {name: desks, tool: desk.order, allow: true, why: desks are ordered freely}\n"
ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys, time
from pathlib import Path
from tools.lanes import Lanes
with Lanes(Path(sys.argv[1]), most=1).enter("shop.refund") as free:
    print(free, flush=True)
    time.sleep(600)
"""


def test_a_connector_has_so_many_places_and_others_have_theirs(tmp_path: Path) -> None:
    pool = [Lanes(tmp_path, most=2, patience_s=0.0) for _process in range(3)]

    with ExitStack() as held:
        found = [held.enter_context(lanes.enter("shop.refund")) for lanes in pool]
        other = held.enter_context(pool[2].enter("mail.send"))

    assert (found, other) == ([True, True, False], True)
    with pool[2].enter("shop.restock") as free:
        assert free


def test_systems_that_hang_at_once_leave_a_process_to_the_others(tmp_path: Path) -> None:
    pool = [Lanes(tmp_path, most=2, patience_s=0.0, slow_s=0.0) for _process in range(3)]
    for system in ("shop.refund", "mail.send"):
        with pool[0].enter(system) as hung:  # each of them has just been slow
            assert hung

    with ExitStack() as held:
        both = [held.enter_context(pool[0].enter(one)) for one in ("shop.refund", "mail.send")]
        again = [held.enter_context(pool[2].enter(one)) for one in ("shop.refund", "mail.send")]
        third = held.enter_context(pool[2].enter("calendar.move"))

    assert (both, again, third) == ([True, True], [False, False], True)


def test_a_system_counts_as_slow_while_a_call_of_it_hangs(tmp_path: Path) -> None:
    pool = [Lanes(tmp_path, most=2, patience_s=0.0, slow_s=0.0) for _process in range(3)]

    with ExitStack() as held:
        began = [held.enter_context(pool[0].enter(one)) for one in ("shop.refund", "mail.send")]
        more = [held.enter_context(pool[2].enter(one)) for one in ("shop.refund", "mail.send")]
        third = held.enter_context(pool[2].enter("calendar.move"))

    assert (began, more, third) == ([True, True], [False, False], True)


def test_one_process_stays_free_of_each_where_there_is_more_than_one(tmp_path: Path) -> None:
    for processes, places in ((1, 1), (2, 1), (3, 2)):
        pool = Lanes.of_pool(tmp_path / str(processes), processes)
        with ExitStack() as held:
            taken = [held.enter_context(pool.enter("shop.refund")) for _ in range(processes + 1)]
        assert sum(taken) == places


def test_a_place_that_gets_free_in_a_moment_is_waited_for(tmp_path: Path) -> None:
    lanes, asked = Lanes(tmp_path, most=1, patience_s=30.0), threading.Event()
    first = lanes.enter("shop.refund")
    first.__enter__()

    def leave() -> None:
        asked.wait()
        first.__exit__(None, None, None)

    leaver = threading.Thread(target=leave)
    leaver.start()
    asked.set()
    with lanes.enter("shop.refund") as free:
        assert free
    leaver.join()


@pytest.mark.chaos
def test_the_place_of_a_killed_process_is_free_at_once(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "True\n"
    lanes = Lanes(tmp_path, most=1, patience_s=0.0)
    with lanes.enter("shop.refund") as before:
        pass

    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()

    with lanes.enter("shop.refund") as after:
        assert (before, after) == (False, True)


class Pool:
    """Three workers over one queue of actions, as the processes of a tool worker are."""

    def __init__(self, road: Road, lanes: list[Lanes]) -> None:
        self.release, self.hanging, self.done = threading.Event(), threading.Semaphore(0), []
        till = road.deps.registry.connectors[0]
        hangs = tuple(self._hangs(t) if t.name == "till.order" else t for t in till.tools)
        desk = tuple(replace(t, name=t.name.replace("till", "desk")) for t in till.tools)
        self.road = road.changed(
            registry=Registry.of(
                [replace(till, tools=hangs), replace(till, name="desk", tools=desk)]
            ),
            policy=parse_policy(POLICY + DESKS, Path("policy.yaml")),
        )
        self._jobs: queue.Queue[str | None] = queue.Queue()
        self._ended: queue.Queue[tuple[str, str]] = queue.Queue()
        self._workers = [threading.Thread(target=self._work, args=(one,)) for one in lanes]
        for worker in self._workers:
            worker.start()

    def allowed(self, number: int, system: str) -> str:
        action_id = self.road.propose(
            f"{system}.order", turn=f"turn_{number}", sku="SKU-1", quantity=1
        )
        assert self.road.prepare_only(action_id) == "allowed"
        return action_id

    def give(self, action_id: str) -> None:
        self._jobs.put(action_id)

    def next_end(self) -> tuple[str, str]:
        """The next job that a worker is through with, and what it came to."""
        return self._ended.get(timeout=60)

    def none_ended(self) -> bool:
        return self._ended.empty()

    def close(self) -> None:
        self.release.set()
        for _worker in self._workers:
            self._jobs.put(None)
        for worker in self._workers:
            worker.join(60)

    def _work(self, lanes: Lanes) -> None:
        road = self.road.changed(lanes=lanes)
        while (action_id := self._jobs.get()) is not None:
            self._ended.put((action_id, road.execute(action_id)))

    def _hangs(self, tool: Any) -> Any:
        def run(args: Any, call: Any) -> Any:
            """Order goods."""
            self.hanging.release()
            self.release.wait(60)
            return tool.run(args, call)

        return replace(tool, run=run, timeout_s=120.0)


def wait_for(hanging: threading.Semaphore, times: int) -> None:
    for _ in range(times):
        assert hanging.acquire(timeout=60)


@on_sqlite
def test_anothers_action_is_done_while_one_system_hangs(
    road: Road, till: Till, tmp_path: Path
) -> None:
    pool = Pool(road, [Lanes(tmp_path, most=2) for _process in range(3)])
    try:
        orders = [pool.allowed(number, "till") for number in (1, 2, 3)]
        desks = pool.allowed(4, "desk")
        for action_id in orders[:2]:
            pool.give(action_id)
        wait_for(pool.hanging, 2)

        pool.give(orders[2])
        pool.give(desks)

        assert [pool.next_end(), pool.next_end()] == [(orders[2], "held"), (desks, "succeeded")]
        assert not pool.release.is_set()
        assert [pool.road.status(one) for one in orders] == ["executing", "executing", "allowed"]

        pool.release.set()
        assert {pool.next_end(), pool.next_end()} == {(one, "succeeded") for one in orders[:2]}
        pool.give(orders[2])
        assert pool.next_end() == (orders[2], "succeeded")
    finally:
        pool.close()
    assert till.effects("/order") == 4


@on_sqlite
def test_without_places_one_system_that_hangs_holds_them_all(road: Road, till: Till) -> None:
    """The control: what the test above would miss if it could not fail."""
    pool = Pool(road, [NoLanes() for _process in range(3)])
    try:
        orders = [pool.allowed(number, "till") for number in (1, 2, 3)]
        desks = pool.allowed(4, "desk")
        for action_id in [*orders, desks]:
            pool.give(action_id)

        wait_for(pool.hanging, 3)

        assert pool.none_ended()
        assert pool.road.status(desks) == "allowed"
    finally:
        pool.close()


@on_sqlite
def test_a_proposal_that_finds_no_place_comes_back(road: Road, till: Till, tmp_path: Path) -> None:
    lanes = Lanes(tmp_path, most=1, patience_s=0.0)
    narrow = road.changed(lanes=lanes)
    action_id = narrow.propose("till.refund", order="4711", minor=100)

    with lanes.enter("till.balance"):
        held = narrow.prepare(action_id)
    then = narrow.prepare(action_id)

    assert (held, then) == ("proposed", "awaiting")
