"""Before new code serves: every turn that is under way must find its place in it.

LangGraph goes on "normally" at a node that is no longer there, with its approval lost; so `signoff
release` and every graph worker look first, and refuse to start with the list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import inspect
from sqlmodel import col, select

from core.db import Database
from core.errors import GraphError
from graphs.runtime.states import RECEIVED, TERMINAL
from graphs.runtime.tables import Conversation, Turn

_MOST_TOLD = 50


class PlaceMissing(GraphError):
    """Turns are under way that this code cannot go on with."""


@dataclass(frozen=True)
class Place:
    """Where a turn that is under way stands. `nodes` are empty while it does not wait."""

    turn_id: str
    status: str
    #: What people call the channel.
    where: str
    version: str
    nodes: tuple[str, ...]

    def __str__(self) -> str:
        at = f", {' and '.join(self.nodes)}" if self.nodes else ""
        return f"{self.turn_id} ({self.status}, {self.where or 'Slack'}): {self.version}{at}"


def places(db: Database) -> list[Place]:
    """Of every turn that was begun and has not ended, oldest first; none on an empty database."""
    # By column: a release looks before it brings the table up to date.
    query = (
        select(Turn.id, Turn.status, Turn.versions, Conversation.place)
        .join(Conversation, Conversation.id == Turn.conversation_id)  # type: ignore[arg-type]
        .where(col(Turn.status).not_in([RECEIVED, *TERMINAL]))
        .order_by(col(Turn.created_at))
    )
    with db.read() as session:
        if not inspect(session.connection()).has_table("turn"):
            return []
        return [
            Place(turn_id, status, where, str(v.get("graph")), tuple(v.get("nodes", ())))
            for turn_id, status, v, where in session.exec(query)
        ]


def require_places(db: Database) -> None:
    """Raise `PlaceMissing`, naming every turn whose version or node this code does not have."""
    under_way = places(db)
    if under_way:
        # Imported when there is something to look for: it takes a second.
        from graphs.versions import ASSISTANT

        refuse([one for one in under_way if not ASSISTANT.has_place(one.version, one.nodes)])


def refuse(homeless: Sequence[Place]) -> None:
    """Raise `PlaceMissing` with the list, unless it is empty."""
    if not homeless:
        return
    lines = [f"  {one}" for one in homeless[:_MOST_TOLD]]
    if len(homeless) > _MOST_TOLD:
        lines.append(f"  and {len(homeless) - _MOST_TOLD} more")
    listed = "\n".join(lines)
    raise PlaceMissing(
        f"this code cannot go on with what is under way, so nothing was started:\n{listed}\n"
        "Keep the version named there beside the new one in graphs/versions.py, or have the new "
        "one take it over; or go back to the code before and stop these turns with /signoff stop."
    )
