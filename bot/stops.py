"""A person presses Stop: on a message being written, or on Slack's own button in its thread."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import col, or_, select

from approvals.people import Principal
from bot.clicks import STRANGER, Click, record_click, stands
from bot.deps import BotDeps
from bot.intake import take_trigger
from graphs.runtime.states import TERMINAL, WAITING
from graphs.runtime.tables import Turn
from graphs.runtime.turns import stop
from graphs.runtime.waiting import tools_busy

OVER = "This has ended already."


@dataclass(frozen=True)
class StopPressed:
    """`agent_session_stopped`: Slack's Stop in this thread (docs.slack.dev/reference/events)."""

    event_id: str
    user: str
    channel: str
    thread_ts: str


def take_stop_click(deps: BotDeps, click: Click, person: Principal) -> str | None:
    """Record the click and stop the turn whose message it is; the sentence to tell, or None where
    the thread tells it."""
    now = deps.clock.now()
    with deps.db.transaction() as session:
        if not record_click(session, deps, click, now):
            return None
        if not stands(session, deps, click, ("answer",), click.value):
            return STRANGER
        ended = stop(
            session,
            deps.log,
            turn_id=click.value,
            by=person.id,
            name=person.first_name,
            now=now,
        )
    return None if ended else OVER


def take_stop_pressed(deps: BotDeps, pressed: StopPressed, person: Principal) -> int:
    """Record it and stop what is worked on in this thread; how many turns that were.

    What waits for a person is not being worked on: its card has buttons of its own.
    """
    now = deps.clock.now()
    with deps.db.transaction() as session:
        fresh = take_trigger(
            session,
            deps,
            kind="stop",
            trigger_id=pressed.event_id,
            user=pressed.user,
            channel=pressed.channel,
            payload={"thread_ts": pressed.thread_ts},
            now=now,
        )
        if not fresh:
            return 0
        query = select(Turn).where(
            Turn.workspace_id == deps.identity.team_id,
            Turn.channel == pressed.channel,
            or_(col(Turn.thread_ts) == pressed.thread_ts, Turn.message_ts == pressed.thread_ts),
            col(Turn.status).not_in(TERMINAL),
        )
        at_work = [
            turn
            for turn in session.exec(query)
            if turn.status != WAITING or tools_busy(session, turn.id)
        ]
        return sum(
            stop(session, deps.log, turn_id=turn.id, by=person.id, name=person.first_name, now=now)
            for turn in at_work
        )
