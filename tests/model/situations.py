"""Where a run may begin: what takes too many lucky steps to be come by often. Each is played by the
product's own code, nothing is written into its tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from approvals.actions import Proposed
from approvals.tables import Action
from tests.model.counterpart import SHIP
from tests.model.files import TWO_MUST
from tests.model.world import World

_BEFORE = "t0"


def nothing(_world: World) -> None:
    """From the beginning."""


def alike_are_permitted(world: World) -> None:
    """A payment of Ana's was approved, and then that others like it need no question."""
    first = _paid(world)
    world.acts.ask_alike(first)
    _approved(world, "signoff.allow_alike", "gita")


def alike_are_permitted_and_one_waits(world: World) -> None:
    """The same, while the question about one like it, asked before, still stands."""
    first = _paid(world)
    _propose(world, [2], step=1)
    world.acts.ask_alike(first)
    _approved(world, "signoff.allow_alike", "gita")


def one_alike_was_rejected(world: World) -> None:
    """A payment of Ana's was approved and done, another one rejected."""
    _paid(world)
    _propose(world, [1], step=1)
    world.deliver_all()
    (second,) = world.actions("awaiting")
    assert world.click(second.id, "finn", "reject") == "rejected"


def a_scope_is_given(world: World) -> None:
    """Ana may ship things for a minute."""
    world.acts.ask_scope("ana", SHIP, minutes=1)
    _approved(world, "signoff.elevate", "olga")


def several_alike_wait(world: World) -> None:
    """Three payments of Ana's are asked about, and offered together."""
    _propose(world, [1, 1, 2])
    world.deliver_all()
    world.wait(5.0)
    world.keep_time()
    assert world.acts.batches()


def somebody_is_away(world: World) -> None:
    """Finn and Gita are away; Mara and Ana decide for them."""
    world.acts.away("finn", "mara", 45.0)
    world.acts.away("gita", "ana", 7_300.0)


def a_letter_is_held(world: World) -> None:
    """Ana confirmed a letter, which waits for the end of its time."""
    _propose(world, [1], tool="letter")
    world.deliver_all()
    (action,) = world.actions("awaiting")
    assert world.click(action.id, "ana", "approve") == "approved"


def a_worker_is_paused(world: World) -> None:
    """It was told that a transfer was refused, has not written that down, and its lease is over."""
    _propose(world, [1], tool="transfer")
    worker = world.deliver(world.queue.pop())
    while worker is not None and worker.gate != "send":
        worker.go()
    assert worker is not None
    worker.go("refused")
    world.wait(8.0)
    world.keep_time()


def one_of_two_has_approved(world: World) -> None:
    """A payment needs two people, and one of them has said yes."""
    world.change_files(TWO_MUST, 0)
    _propose(world, [1])
    world.deliver_all()
    (action,) = world.actions("awaiting")
    assert world.click(action.id, "finn", "approve") == "counted"


SITUATIONS: Mapping[str, Callable[[World], None]] = MappingProxyType(
    {
        "nothing": nothing,
        "alike are permitted": alike_are_permitted,
        "alike are permitted and one waits": alike_are_permitted_and_one_waits,
        "one alike was rejected": one_alike_was_rejected,
        "a scope is given": a_scope_is_given,
        "several alike wait": several_alike_wait,
        "somebody is away": somebody_is_away,
        "a letter is held": a_letter_is_held,
        "a worker is paused past its lease": a_worker_is_paused,
        "one of two has approved": one_of_two_has_approved,
    }
)


def _paid(world: World) -> Action:
    _propose(world, [2])
    world.deliver_all()
    return _approved(world, "other.pay", "finn")


def _propose(world: World, amounts: list[int], tool: str = "pay", step: int = 0) -> None:
    calls = [
        Proposed(f"other.{tool}", "1.0.0", {"what": "z", "amount": amount}) for amount in amounts
    ]
    world.propose(_BEFORE, step, tuple(calls), "ana")


def _approved(world: World, tool: str, person: str) -> Action:
    """Asked about and done, with one click."""
    world.deliver_all()
    (asked,) = [action for action in world.actions("awaiting") if action.tool == tool]
    assert world.click(asked.id, person, "approve") == "approved"
    world.deliver_all()
    (done,) = [action for action in world.actions("succeeded") if action.tool == tool]
    return done
