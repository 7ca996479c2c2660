"""What people see of a turn while it runs: a port that the Slack side fills.

A preview is never the truth and nothing waits for it: the answer is what was recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from approvals.tables import Action, title_of
from graphs.runtime.tables import Turn

Progress = Literal["pending", "in_progress", "complete", "error"]


@dataclass(frozen=True)
class Task:
    """One call of a tool as people see it. `title` is the tool's own words, never the model's."""

    id: str
    title: str
    progress: Progress


class Preview(Protocol):
    """Neither method blocks or raises."""

    def words(self, turn: Turn, step: int, text: str) -> None:
        """What the model has said so far at this step."""

    def tasks(self, turn: Turn, tasks: Sequence[Task]) -> None:
        """How these calls stand now."""


class NoPreview:
    """Where nobody looks on."""

    def words(self, turn: Turn, step: int, text: str) -> None: ...

    def tasks(self, turn: Turn, tasks: Sequence[Task]) -> None: ...


def task_of(action: Action) -> Task:
    """The call that this action stands for."""
    return Task(action.id, title_of(action), _PROGRESS.get(action.status, "error"))


_PROGRESS: dict[str, Progress] = {
    "proposed": "in_progress",
    "allowed": "in_progress",
    "awaiting": "pending",
    "approved": "in_progress",
    "executing": "in_progress",
    "unknown": "pending",
    "succeeded": "complete",
}
