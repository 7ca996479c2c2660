"""What a turn has used so far, read from SQL: it survives crashes, rebuilds and a wiped store."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from approvals.tables import Action, Request, title_of
from audit.tables import Event
from graphs.runtime.budget import Spent
from llm.tables import ModelResponse
from tools.observe import observation

_UNKNOWN = "approvals:action:unknown"
_MOST_CHARS = 120

Span = tuple[datetime, datetime]


def spent(session: Session, turn_id: str, *, now: datetime) -> Spent:
    """What this turn's recorded answers and actions come to, as of `now`."""
    answers = session.exec(select(ModelResponse).where(ModelResponse.turn_id == turn_id)).all()
    query = select(Action).where(Action.turn_id == turn_id, Action.status != "superseded")
    actions = session.exec(query.order_by(col(Action.step), col(Action.call))).all()
    return Spent(
        steps=len(answers),
        tool_calls=len(actions),
        worked=_worked(session, turn_id, answers, actions, now),
        tokens=sum(answer.input_tokens + answer.output_tokens for answer in answers),
        cost_micros=sum(answer.cost_micros or 0 for answer in answers),
        repeated=_repeated(actions),
    )


def _worked(
    session: Session,
    turn_id: str,
    answers: Iterable[ModelResponse],
    actions: Iterable[Action],
    now: datetime,
) -> timedelta:
    begun = min((answer.at for answer in answers), default=now)
    waited = [*_asked(session, turn_id, now), *_unclear(session, turn_id, actions, now)]
    return now - begun - _covered([span for span in waited if span[0] >= begun])


def _asked(session: Session, turn_id: str, now: datetime) -> list[Span]:
    """When the turn's requests stood open."""
    query = (
        select(Request.created_at, Request.closed_at)
        .join(Action, Action.id == Request.action_id)  # type: ignore[arg-type]
        .where(Action.turn_id == turn_id)
    )
    return [(since, until or now) for since, until in session.exec(query)]


def _unclear(
    session: Session, turn_id: str, actions: Iterable[Action], now: datetime
) -> list[Span]:
    """When a person was asked whether something had happened."""
    ends = {action.id: action.settled_at or now for action in actions}
    query = select(Event.action_id, Event.at).where(
        Event.turn_id == turn_id, Event.type == _UNKNOWN
    )
    return [(since, ends[str(each)]) for each, since in session.exec(query) if each in ends]


def _covered(spans: Iterable[Span]) -> timedelta:
    """How long at least one of them lasts."""
    total, upto = timedelta(), None
    for since, until in sorted(spans):
        start = since if upto is None else max(since, upto)
        total += max(until - start, timedelta())
        upto = until if upto is None else max(upto, until)
    return total


def _repeated(actions: Sequence[Action]) -> tuple[str, int] | None:
    """The call that came out the same at the most steps, and at how many.

    Twins within one step count once: a model cannot have learnt from what it has not seen.
    """
    steps: Mapping[str, set[int]] = defaultdict(set)
    named: dict[str, Action] = {}
    for action in actions:
        key = _key(action)
        steps[key].add(action.step)
        named[key] = action
    if not named:
        return None
    most = max(steps, key=lambda key: len(steps[key]))
    return _in_words(named[most]), len(steps[most])


def _key(action: Action) -> str:
    same = {"tool": action.tool, "args": action.args, "came_out": observation(action)}
    return json.dumps(same, sort_keys=True, default=str)


def _in_words(action: Action) -> str:
    """`“Find an order” (order 4711)`, cut to a line."""
    args = ", ".join(f"{name} {_value(value)}" for name, value in action.args.items())
    shown = f"“{title_of(action)}” ({args})" if args else f"“{title_of(action)}”"
    return shown if len(shown) <= _MOST_CHARS else shown[:_MOST_CHARS].rstrip() + "…"


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return " ".join(text.split())
