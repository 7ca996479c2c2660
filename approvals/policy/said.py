"""What of a verdict makes a difference to people, to be compared with another's. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from approvals.policy.verdict import Verdict
from approvals.stages import REQUESTER


@dataclass(frozen=True)
class Said:
    """A verdict without its reasons and times."""

    kind: str
    stages: tuple[tuple[str, int], ...]
    four_eyes: bool
    rules: tuple[str, ...]
    #: Whether those asked exist; where not, asking is refusing.
    answerable: bool
    #: How many of 100 are asked about.
    review: int

    @property
    def differs_in(self) -> tuple[object, ...]:
        return (self.kind, self.stages, self.four_eyes, self.answerable)

    @property
    def answers(self) -> int:
        """How many answers of people it needs."""
        asks = self.kind == "ask" and self.answerable
        return sum(quorum for _, quorum in self.stages) if asks else 0

    @property
    def to_asker(self) -> bool:
        return self.kind == "ask" and all(who == REQUESTER for who, _ in self.stages)


def said_of(verdict: Verdict, *, answerable: bool) -> Said:
    stages = tuple((stage.who, stage.quorum) for stage in verdict.stages)
    return Said(verdict.kind, stages, verdict.four_eyes, verdict.rules, answerable, verdict.review)
