"""What happened, as the model itself saw it: kept apart from what the product writes down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


@dataclass(frozen=True)
class Clicked:
    """A click, what became of it, and which groups there were then."""

    person: str | None
    vote: str
    #: What the person was told became of it (`Decided.outcome`).
    outcome: str
    groups: int
    #: Those who were away and had this person decide for them.
    stands_in_for: frozenset[str] = frozenset()
    #: Those to whom this very question had been handed on.
    handed: frozenset[str] = frozenset()
    #: Whether the question still stood.
    in_time: bool = True


@dataclass(frozen=True)
class Begun:
    """An action's permission was used up: by a worker with these files, at this moment."""

    action_id: str
    at: datetime
    groups: int
    #: What had been revoked by then.
    revoked: frozenset[str]
    #: Which actions people had said no to, or had taken back.
    refusals: frozenset[str] = frozenset()
    #: Whether somebody had stopped what it is part of.
    stopped: bool = False


@dataclass
class Absence:
    """Somebody is away, and who decides in their place."""

    person: str
    to: str
    since: datetime
    until: datetime
    ended: bool = False


@dataclass(frozen=True)
class Asked:
    """What somebody asked to be permitted: so many of so much in all, or a scope for so long."""

    person: str
    tool: str = ""
    uses: int = 0
    in_all: int = 0
    days: int = 0
    #: Each is of at most so much; and to which actions people had said no, or had taken back.
    amount: int = 0
    rejected: frozenset[str] = frozenset()
    refusals: frozenset[str] = frozenset()
    scope: str = ""
    minutes: int = 0


class Told(NamedTuple):
    """An event of the log."""

    id: str
    action_id: str | None
    type: str
    at: datetime
