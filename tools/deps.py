"""What prepare and executor are given. Made once by the bootstrap of the tool worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from sqlmodel import Session

from approvals.origins import Labelled
from approvals.people import People
from approvals.policy.judge import Policy, Subject, Verdict
from approvals.tables import Action
from audit.log import Log
from core.clock import Clock, always_even
from core.db import Database
from tools.bounded import Bounded
from tools.contract import Tool
from tools.lanes import Lanes, NoLanes
from tools.limits import Limits
from tools.registry import Registry

#: The labelled texts of an action's turn, which its arguments are matched against.
Evidence = Callable[[Session, Action], Sequence[Labelled]]

#: Raises the verdict on what changes permissions themselves, whatever policy says of it.
Floor = Callable[[Subject, Verdict], Verdict]

#: The Slack ids of those who can read the conversation of an action; None where everybody can.
Readers = Callable[[Session, Action], Sequence[str] | None]


def everybody(_session: Session, _action: Action) -> None:
    """Of conversations nobody told us anything about."""


#: Whether this tool, as it is declared here, was let into this installation.
Admitted = Callable[[Session, Tool], bool]


def every_tool(_session: Session, _tool: Tool) -> bool:
    """Where nobody keeps a record of what was let in."""
    return True


#: Whom the log names for what a worker did by itself.
ACTOR = "system:tools"


@dataclass(frozen=True)
class Deps:
    db: Database
    log: Log
    registry: Registry
    people: People
    policy: Policy
    clock: Clock
    evidence: Evidence
    floor: Floor | None = None
    #: The policy in force at this moment; `policy` where nothing else is said.
    versions: Callable[[], Policy] | None = None
    readers: Readers = everybody
    admitted: Admitted = every_tool
    #: Own scopes of automations, where they are not just what their tools need.
    automations: Mapping[str, Sequence[str]] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    bounded: Bounded = field(default_factory=lambda: Bounded(max_stuck=8))
    lanes: Lanes = field(default_factory=NoLanes)
    #: Whether the clock ran evenly for the last so many seconds (`core.clock.ClockWatch`).
    even_for: Callable[[float], bool] = always_even
    #: A number from 0 to 1 each time: how much of a wait is waited. Tests hold it.
    chance: Callable[[], float] = field(default_factory=lambda: Random().random)  # noqa: S311

    def in_force(self) -> Policy:
        """The policy that counts now: to be asked once per judgement."""
        return self.policy if self.versions is None else self.versions()

    def for_one_judgement(self) -> Deps:
        """The same with the policy in force now, whatever comes in meanwhile."""
        return replace(self, policy=self.in_force(), versions=None)
