"""A person presses Stop: on a message being written, on Slack's own button in its thread, or on a
message of a conversation that is to be held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, or_, select

from approvals.people import Principal
from bot.deps import BotDeps
from bot.intake import take_trigger
from bot.presses.clicks import STRANGER, Pressed, message, press_on
from bot.slash.command import Place
from bot.slash.switching import stop_conversation
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


@press_on(message("answer"))
def take_stop_click(press: Pressed) -> str | None:
    """Stop the turn whose message it is; a sentence to tell, None where the thread tells it."""
    by, name, turn_id = press.person.id, press.person.first_name, press.click.value
    ended = stop(press.session, press.deps.log, turn_id=turn_id, by=by, name=name, now=press.now)
    return None if ended else OVER


def take_stop_pressed(deps: BotDeps, pressed: StopPressed, person: Principal) -> int:
    """Record it and stop what is worked on in this thread; how many turns that were.

    What waits for a person is not being worked on: its card has buttons of its own.
    """
    now = deps.clock.now()
    with deps.db.transaction() as session:
        if not _recorded(session, deps, pressed, kind="stop", key=pressed.event_id, now=now):
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


@dataclass(frozen=True)
class Shortcut:
    """*Stop this conversation*, chosen at a message
    (docs.slack.dev/interactivity/implementing-shortcuts)."""

    trigger_id: str
    user: str
    team: str
    channel: str
    #: The thread the message stands in or begins; empty for a direct message outside threads.
    thread_ts: str


def read_shortcut(body: Mapping[str, Any]) -> Shortcut | None:
    """The shortcut in a message_action payload; None when it is not whole. Pure."""
    message = body.get("message") or {}
    channel = (body.get("channel") or {}).get("id")
    ts = body.get("message_ts") or message.get("ts")
    found = {
        "trigger_id": body.get("trigger_id"),
        "user": (body.get("user") or {}).get("id"),
        "team": (body.get("team") or {}).get("id"),
        "channel": channel,
        "thread_ts": message.get("thread_ts") or ts,
    }
    if not all(isinstance(value, str) and value for value in found.values()):
        return None
    direct = str(channel).startswith("D") and not message.get("thread_ts")
    read = {name: str(value)[:300] for name, value in found.items()}
    return Shortcut(**{**read, "thread_ts": "" if direct else read["thread_ts"]})


def take_shortcut(deps: BotDeps, chosen: Shortcut, person: Principal) -> Sequence[str]:
    """Record it and stop that conversation; what to tell, nothing for a duplicate.

    Slack offers it at messages that a person can see, so whoever chose it sees the conversation.
    """
    now = deps.clock.now()
    with deps.db.transaction() as session:
        if not _recorded(session, deps, chosen, kind="shortcut", key=chosen.trigger_id, now=now):
            return []
        if chosen.team != deps.identity.team_id:
            return [STRANGER]
        place = Place(session, deps, person, chosen.channel, now)
        return stop_conversation(place, chosen.channel, chosen.thread_ts)


def _recorded(
    session: Session,
    deps: BotDeps,
    pressed: StopPressed | Shortcut,
    *,
    kind: str,
    key: str,
    now: datetime,
) -> bool:
    """Whether this press is recorded now, and was not before."""
    return take_trigger(
        session,
        deps,
        kind=kind,
        trigger_id=key,
        user=pressed.user,
        channel=pressed.channel,
        payload={"thread_ts": pressed.thread_ts},
        now=now,
    )
