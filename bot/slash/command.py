"""What answers `/signoff …` is given: who asks, where, when and with which words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from approvals.people import Principal
from bot.deps import BotDeps


@dataclass(frozen=True)
class Place:
    """Who asks, where and when, in an open transaction."""

    session: Session
    deps: BotDeps
    person: Principal
    channel: str
    now: datetime

    @property
    def team(self) -> str:
        return self.deps.identity.team_id


@dataclass(frozen=True)
class Command(Place):
    """One slash command. `words` is what stands after the subcommand."""

    words: str
    #: Whether this very command was recorded before: then nothing is changed again.
    again: bool
    #: Tells this command from every other one.
    key: str
