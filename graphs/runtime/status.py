"""What Signoff is doing, for `/signoff status`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from approvals.people import People
from approvals.tables import Action
from graphs.runtime.states import TERMINAL
from graphs.runtime.tables import Turn
from graphs.runtime.waiting import waiting_line

_MOST = 20
_MOST_CHARS = 80


@dataclass(frozen=True)
class Doing:
    """One piece of unfinished work. `line` is a sentence: who asked, and how far it is."""

    turn_id: str
    principal_id: str
    channel: str
    since: datetime
    line: str
    #: What it waits for, one line each; empty while it works.
    waiting: tuple[str, ...]


def status(
    session: Session, people: People, *, workspace_id: str, principal_id: str, channel: str
) -> list[Doing]:
    """Unfinished turns of this person, and of this channel, oldest first (20 at most)."""
    query = (
        select(Turn)
        .where(
            Turn.workspace_id == workspace_id,
            col(Turn.status).not_in(TERMINAL),
            (col(Turn.principal_id) == principal_id) | (col(Turn.channel) == channel),
        )
        .order_by(col(Turn.created_at))
        .limit(_MOST)
    )
    return [_doing(session, people, turn) for turn in session.exec(query)]


def _doing(session: Session, people: People, turn: Turn) -> Doing:
    asked = select(Action).where(
        Action.turn_id == turn.id, col(Action.status).in_(("awaiting", "unknown"))
    )
    waiting = tuple(waiting_line(action) for action in session.exec(asked))
    person = people.by_id(turn.principal_id)
    who = person.name.split()[0] if person else "Somebody"
    if turn.happened is not None:
        who = f"The rule {turn.automation}, for {who},"
    how = "waiting for a person" if waiting else _HOW[turn.status]
    return Doing(
        turn_id=turn.id,
        principal_id=turn.principal_id,
        channel=turn.channel,
        since=turn.created_at,
        line=f"{who} asked: “{_short(turn.text)}” ({how})",
        waiting=waiting,
    )


_HOW = {"received": "not begun yet", "running": "thinking", "waiting": "working on it"}


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MOST_CHARS else line[:_MOST_CHARS].rstrip() + "…"
