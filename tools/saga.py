"""Taking several steps back: in which order, and what comes next. Pure.

Strictly backwards, each only after the one before it was taken back; one that cannot be stops all
further ones, because a person must say what is to happen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from approvals.undoing import IN_VAIN


@dataclass(frozen=True)
class Done:
    """A step that was done. `undoable`: its tool says how to put it back."""

    id: str
    settled_at: datetime
    step: int
    call: int
    undoable: bool = True


@dataclass(frozen=True)
class Next:
    """`propose` the undo of `step`, `wait` for the one under way, `stuck` at `step`, or `done`."""

    what: Literal["propose", "wait", "stuck", "done"]
    step: str | None = None


def backwards(steps: Iterable[Done]) -> list[str]:
    """Ids of the steps that can be taken back, the newest first."""
    able = [step for step in steps if step.undoable]
    able.sort(key=lambda one: (one.settled_at, one.step, one.call), reverse=True)
    return [one.id for one in able]


def following(steps: Sequence[tuple[str, str | None]], *, again: bool = False) -> Next:
    """What comes next: `steps` in their order, each with the status of its undo, None without one.

    `again` asks for an undo that was in vain once more.
    """
    for step, status in steps:
        if status == "succeeded":
            continue
        if status is None or (again and status in IN_VAIN):
            return Next("propose", step)
        return Next("stuck" if status in IN_VAIN else "wait", step)
    return Next("done")
