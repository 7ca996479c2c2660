"""What a digest tells: facts from SQL, and their words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from approvals.tables import Action, title_of
from graphs.runtime.tables import Turn
from graphs.runtime.waiting import waiting_line
from llm.tables import ModelResponse

_MOST_LINES = 15


@dataclass(frozen=True)
class Order:
    """Which digest: one run of a schedule, for what happened after `since` up to `until`."""

    run_id: str
    workspace_id: str
    channel: str
    since: datetime
    until: datetime
    #: IANA zone in which times are told.
    tz: str


class Facts(TypedDict):
    done: list[str]
    looked_up: int
    waiting: list[str]
    failed: list[str]
    answered: int
    #: Millionths of a US dollar; None when a price is not known.
    cost_micros: int | None


def gather(session: Session, order: Order) -> Facts:
    """What was done, what waits for whom, what failed, and what it cost, in this channel."""
    here = (Action.workspace_id == order.workspace_id, Action.channel == order.channel)
    settled = _within(session, Action, here, Action.settled_at, order)
    ended = _within(
        session,
        Turn,
        (Turn.workspace_id == order.workspace_id, Turn.channel == order.channel),
        Turn.finished_at,
        order,
    )
    open_ones = (*here, col(Action.status).in_(("awaiting", "unknown")))
    waiting = session.exec(select(Action).where(*open_ones).order_by(col(Action.created_at)))
    done = [action for action in settled if action.status == "succeeded"]
    return Facts(
        done=[_done(action) for action in done if not _reads(action)],
        looked_up=sum(_reads(action) for action in done),
        waiting=[waiting_line(action) for action in waiting],
        failed=[
            *(f"{title_of(action)}: not done" for action in settled if action.status == "failed"),
            *(f"A message: {turn.reason}" for turn in ended if turn.status == "failed"),
        ],
        answered=sum(turn.status == "answered" for turn in ended),
        cost_micros=_cost(session, order),
    )


def write(facts: Facts, order: Order) -> str:
    """The digest as Markdown."""
    zone = ZoneInfo(order.tz)
    since, until = order.since.astimezone(zone), order.until.astimezone(zone)
    answered, looked_up = facts["answered"], facts["looked_up"]
    return "\n\n".join(
        [
            f"**What happened here**, {_moment(since)} to {_moment(until)}",
            _section("Done", facts["done"]),
            _section("Waiting", facts["waiting"]),
            _section("Failed", facts["failed"]),
            f"**Answered** {_count(answered, 'message')}, looked up {_count(looked_up, 'thing')}. "
            f"**Cost:** {_cost_words(facts['cost_micros'])}.",
        ]
    )


def _within(
    session: Session, table: Any, here: Sequence[Any], moment: Any, order: Order
) -> list[Any]:
    period = (col(moment) > order.since, col(moment) <= order.until)
    return list(session.exec(select(table).where(*here, *period).order_by(col(moment))))


def _cost(session: Session, order: Order) -> int | None:
    query = (
        select(ModelResponse.cost_micros)
        .join(Turn, Turn.id == ModelResponse.turn_id)  # type: ignore[arg-type]
        .where(
            Turn.workspace_id == order.workspace_id,
            Turn.channel == order.channel,
            col(ModelResponse.at) > order.since,
            col(ModelResponse.at) <= order.until,
        )
    )
    costs = list(session.exec(query))
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _reads(action: Action) -> bool:
    return (action.verdict or {}).get("effect") == "read"


def _done(action: Action) -> str:
    return str((action.outcome or {}).get("summary") or title_of(action))


def _section(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return f"**{title}:** nothing"
    shown = [f"- {line}" for line in lines[:_MOST_LINES]]
    if len(lines) > _MOST_LINES:
        shown.append(f"- and {len(lines) - _MOST_LINES} more")
    return "\n".join([f"**{title}**", *shown])


def _moment(at: datetime) -> str:
    return f"{at:%a} {at.day} {at:%b} {at:%H:%M}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _cost_words(cost_micros: int | None) -> str:
    if cost_micros is None:
        return "unknown (no price is set for the model)"
    return f"${cost_micros / 1_000_000:.4f}" if cost_micros else "none"
