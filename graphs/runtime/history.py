"""What a turn did, step by step, from SQL alone: it serves ended turns and wiped stores alike.

A *step* is one answer of the model and what became of its calls. People count steps from 1; step 0
is the turn's beginning. In rows `step` counts from 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from approvals.tables import Action, Decision, Request, title_of
from graphs.runtime.tables import Turn
from llm.tables import ModelResponse

#: In these an action has, or may have, changed something outside.
_MAY_HAVE_HAPPENED = frozenset({"executing", "unknown", "succeeded"})


@dataclass(frozen=True)
class Call:
    """One action of a step; one that was replaced stands before what replaced it."""

    action_id: str
    tool: str
    title: str
    args: Mapping[str, Any]
    status: str
    #: What policy said of it: allow, ask, deny; None before it was judged.
    verdict: str | None
    #: (person's id, approve | reject), in their order.
    votes: tuple[tuple[str, str], ...]
    outcome: Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    number: int
    at: datetime
    model: str
    prompt: str
    tokens: int
    #: Millionths of a US dollar; None where the price is not known.
    cost_micros: int | None
    duration_ms: int
    said: str | None
    problems: tuple[str, ...]
    calls: tuple[Call, ...]


def history(session: Session, turn: Turn) -> list[Step]:
    """The turn's steps so far, in order."""
    answers = select(ModelResponse).where(ModelResponse.turn_id == turn.id)
    actions = select(Action).where(Action.turn_id == turn.id)
    votes = _votes(session, turn)
    calls: Mapping[int, list[Call]] = defaultdict(list)
    for action in session.exec(actions.order_by(col(Action.call), col(Action.created_at))):
        calls[action.step].append(_call(action, votes[action.id]))
    return [
        _step(answer, calls[answer.step])
        for answer in session.exec(answers.order_by(col(ModelResponse.step)))
    ]


def changed_outside(action: Action) -> bool:
    """Whether this action has, or may have, changed something outside."""
    effect = (action.verdict or {}).get("effect")
    return action.status in _MAY_HAVE_HAPPENED and effect != "read"


def _votes(session: Session, turn: Turn) -> Mapping[str, list[tuple[str, str]]]:
    query = (
        select(Request.action_id, Decision.person_id, Decision.vote)
        .join(Request, Request.id == Decision.request_id)  # type: ignore[arg-type]
        .join(Action, Action.id == Request.action_id)  # type: ignore[arg-type]
        .where(Action.turn_id == turn.id)
        .order_by(col(Decision.at))
    )
    found: Mapping[str, list[tuple[str, str]]] = defaultdict(list)
    for action_id, person_id, vote in session.exec(query):
        found[action_id].append((person_id, vote))
    return found


def _call(action: Action, votes: Sequence[tuple[str, str]]) -> Call:
    return Call(
        action_id=action.id,
        tool=f"{action.tool}@{action.tool_version}",
        title=title_of(action),
        args=action.args,
        status=action.status,
        verdict=(action.verdict or {}).get("kind"),
        votes=tuple(votes),
        outcome=action.outcome or {},
    )


def _step(answer: ModelResponse, calls: Sequence[Call]) -> Step:
    return Step(
        number=answer.step + 1,
        at=answer.at,
        model=answer.model,
        prompt=answer.prompt,
        tokens=answer.input_tokens + answer.output_tokens,
        cost_micros=answer.cost_micros,
        duration_ms=answer.duration_ms,
        said=answer.message.get("content"),
        problems=tuple(answer.message.get("problems", ())),
        calls=tuple(calls),
    )
