"""Limits over time in the past judged again: what would have gone through, in its order. Pure."""

from __future__ import annotations

from datetime import datetime

from approvals.policy.cases import Subject
from approvals.policy.judge import Policy
from approvals.policy.limits import Limit, SoFar, Tally

#: It never was begun, or surely changed nothing.
_NOTHING = frozenset({"failed", "cancelled", "expired"})


class Replay:
    """What went through under this policy so far. Actions are given in the order in which they were
    judged; their sums begin at nothing."""

    def __init__(self, policy: Policy) -> None:
        self._tallies = {limit: Tally(limit) for limit in policy.limits}

    def so_far(self, subject: Subject, at: datetime) -> dict[Limit, SoFar]:
        """What counts for this one, when it is judged at that time."""
        found = {
            limit: tally.so_far(_parties(limit, subject), at)
            for limit, tally in self._tallies.items()
        }
        return {limit: so_far for limit, so_far in found.items() if so_far is not None}

    def add(self, subject: Subject, at: datetime, *, status: str, unasked: bool) -> None:
        """Judged now, with the status it then came to; `unasked`: on nobody's word but its
        asker's."""
        if not unasked or subject.undoes or status in _NOTHING:
            return
        for limit, tally in self._tallies.items():
            if limit.covers(subject.tool, subject.effect):
                worth = limit.worth(subject.tool, subject.worth)
                tally.add(_parties(limit, subject), worth, at)


def _parties(limit: Limit, subject: Subject) -> tuple[str, ...]:
    return limit.parties(
        asker=subject.principal.id, automation=subject.automation, args=subject.args
    )
