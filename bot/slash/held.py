"""The work that a stop reaches: what it ends, what it holds, and what goes on once it is lifted."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import update
from sqlmodel import col, select

from approvals.tables import Action
from bot.slash.command import Place
from core.ids import derive_id
from core.outbox import Outbox
from core.posts import refresh_posts
from graphs.runtime.states import RECEIVED, RUNNING
from graphs.runtime.tables import Turn
from graphs.runtime.turns import stop
from graphs.runtime.waiting import has_open_actions

_NOT_BEGUN = ("allowed", "approved")
_WOKEN = ("execute", "run_turn", "run_digest", "open_event")


def at_work(place: Place, scope: str) -> Sequence[Turn]:
    """Turns in this scope that think or write, or have not begun."""
    kind, _, name = scope.partition(":")
    query = select(Turn).where(
        Turn.workspace_id == place.team, col(Turn.status).in_((RECEIVED, RUNNING))
    )
    if kind == "conversation":
        query = query.where(Turn.conversation_id == name)
    elif kind == "automation":
        query = query.where(Turn.automation == name)
    found = place.session.exec(query).all()
    # What they wait for is held, not dropped: they go on when the stop is lifted.
    return [turn for turn in found if not has_open_actions(place.session, turn.id)]


def held_in(place: Place, scope: str) -> Sequence[Action]:
    """What is permitted and not begun in this scope."""
    kind, _, name = scope.partition(":")
    query = select(Action).where(
        Action.workspace_id == place.team, col(Action.status).in_(_NOT_BEGUN)
    )
    if kind == "automation":
        query = query.where(Action.automation == name)
    found = place.session.exec(query.order_by(col(Action.created_at), col(Action.id))).all()
    if kind != "conversation":
        return found
    return [
        one
        for one in found
        if derive_id("conv", place.team, one.channel, one.thread_ts or "") == name
    ]


def end(place: Place, turn: Turn) -> bool:
    """Stop this turn in that person's name; False when it ended by itself meanwhile."""
    return stop(
        place.session,
        place.deps.log,
        turn_id=turn.id,
        by=place.person.id,
        name=place.person.first_name,
        now=place.now,
    )


def redraw(place: Place, held: Sequence[Action]) -> None:
    """Have their cards say how they stand now."""
    for action in held:
        refresh_posts(place.session, subject=action.id, kind="card", now=place.now)


def wake(place: Place) -> None:
    """Have everything that may have been held looked at at once; what is not due yet waits on."""
    place.session.execute(
        update(Outbox)
        .where(
            col(Outbox.workspace_id) == place.team,
            col(Outbox.job).in_(_WOKEN),
            col(Outbox.done_at).is_(None),
        )
        .values(next_at=place.now)
    )
