"""How much people are asked, how long they take, and where fewer questions would do.

Figures of one workspace's finished tasks, from what SQL holds. A *task* is a turn that ended. It is
*escalated* when somebody else than its asker was asked. *Time to intervene* runs from the first try
to show a card until its question was decided. *People's share* is the part of all tasks' time, from
message to end, in which at least one question of the task was open. A *stop* is effective when
nothing of what it stopped is under way any more: what had begun is not cut off.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import sqrt
from sys import intern
from typing import Any

from sqlalchemy import and_, exists
from sqlalchemy import select as columns
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from approvals import switches
from approvals.stages import REQUESTER
from approvals.tables import Action, Decision, Request
from audit.tables import Event
from core.ids import derive_id
from core.posts import Post
from graphs.runtime.tables import Turn

#: How a review rate goes down, and the share of corrections that must surely not be reached.
STEPS = (100, 50, 12)
TOLERATED = 0.05
#: Rows held at once of what is only summed up.
_AT_ONCE = 5_000
#: 95 of 100 times the true share lies within.
_Z = 1.96


@dataclass(frozen=True)
class OfRule:
    """What became of the questions of one rule; `rate` is how many of 100 it asks about now."""

    rule: str
    rate: int
    decided: int
    edited: int
    rejected: int

    @property
    def likely(self) -> tuple[float, float]:
        """Between which the true share of corrections lies (Wilson, 95 %)."""
        n, share = self.decided, (self.edited + self.rejected) / self.decided
        middle = share + _Z**2 / (2 * n)
        width = _Z * sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
        whole = 1 + _Z**2 / n
        return max(0.0, (middle - width) / whole), min(1.0, (middle + width) / whole)

    @property
    def next_rate(self) -> int:
        """The rate that this shows: a step down, one up, or as it is."""
        low, high = self.likely
        if high <= TOLERATED:
            return next((step for step in STEPS if step < self.rate), self.rate)
        if low > TOLERATED:
            return next((step for step in reversed(STEPS) if step > self.rate), self.rate)
        return self.rate


@dataclass(frozen=True)
class Figures:
    """Seconds and shares; None where there is nothing to take the mean of."""

    tasks: int
    escalated: int
    #: Mean seconds from a card to its decision, and from a stop to the end of what it stopped.
    to_intervene_s: float | None
    to_stop_s: float | None
    #: From 0 to 1.
    peoples_share: float | None
    rules: tuple[OfRule, ...] = field(default=())

    @property
    def escalated_per_1000(self) -> float | None:
        return self.escalated * 1000 / self.tasks if self.tasks else None


@dataclass(frozen=True, slots=True)
class _Question:
    """One that was decided, as far as it is counted: there may be a hundred thousand of them."""

    of_others: bool
    rules: tuple[str, ...]
    review: int
    request_id: str
    action_id: str
    #: Of a task that ended in the time; else None.
    turn_id: str | None
    turn_ended: datetime | None
    status: str
    asked_at: datetime
    closed_at: datetime


def figures(session: Session, *, workspace_id: str, since: datetime) -> Figures:
    """Of tasks that ended, questions that were decided and stops pressed since then."""
    tasks, lasted = _tasks(session, workspace_id, since)
    asked = _questions(session, workspace_id, since)
    of_tasks = [question for question in asked if question.turn_id is not None]
    return Figures(
        tasks=tasks,
        escalated=len({question.turn_id for question in of_tasks if question.of_others}),
        to_intervene_s=_mean(_to_decide(session, asked)),
        to_stop_s=_mean(_to_stop(session, workspace_id, since)),
        peoples_share=_waited(of_tasks) / lasted if lasted else None,
        rules=_by_rule(session, asked),
    )


def _tasks(session: Session, workspace_id: str, since: datetime) -> tuple[int, float]:
    """How many ended since then, and the seconds they took together."""
    ended = select(Turn.created_at, Turn.finished_at).where(
        Turn.workspace_id == workspace_id, col(Turn.finished_at) >= since
    )
    count, lasted = 0, 0.0
    for began, end in session.exec(ended.execution_options(yield_per=_AT_ONCE)):
        count += 1
        lasted += _seconds(began, end)
    return count, lasted


def _questions(session: Session, workspace_id: str, since: datetime) -> list[_Question]:
    turn_ended = and_(col(Turn.id) == col(Action.turn_id), col(Turn.finished_at) >= since)
    told: list[Any] = [
        Request.id, Request.action_id, Turn.id, Turn.finished_at, Request.status,
        Request.created_at, Request.closed_at,
    ]  # fmt: skip
    query = (
        columns(col(Request.stages), col(Action.verdict), *told)
        .join(Action, col(Action.id) == col(Request.action_id))
        .outerjoin(Turn, turn_ended)
        .where(col(Request.workspace_id) == workspace_id, col(Request.closed_at) >= since)
    )  # fmt: skip
    rows = session.execute(query.execution_options(yield_per=_AT_ONCE))
    return [
        _Question(
            any(stage["who"] != REQUESTER for stage in stages),
            tuple(intern(rule) for rule in (verdict or {}).get("rules", ())),
            (verdict or {}).get("review", 100),
            *told,
        )
        for stages, verdict, *told in rows
    ]


def _to_decide(session: Session, asked: Sequence[_Question]) -> Iterable[float]:
    if not asked:
        return
    tried, first = col(Post.attempted_at), min(question.asked_at for question in asked)
    query = (
        select(Post.subject, func.min(tried))
        .where(Post.kind == "card", tried.is_not(None), Post.created_at >= first)
        .group_by(col(Post.subject))
    )
    shown: dict[str, Any] = dict(session.exec(query).all())
    voted = set(session.exec(select(Decision.request_id).where(Decision.at >= first)))
    for question in asked:
        if question.request_id in voted and question.status in ("approved", "rejected"):
            yield _seconds(shown.get(question.action_id) or question.asked_at, question.closed_at)


def _waited(asked: Sequence[_Question]) -> float:
    """Seconds in which a question of a task was open; several at once count once."""
    open_times: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for question in asked:
        if question.turn_id is not None and question.turn_ended is not None:
            span = (question.asked_at, min(question.closed_at, question.turn_ended))
            open_times[question.turn_id].append(span)
    return sum(_covered(spans) for spans in open_times.values())


def _covered(spans: list[tuple[datetime, datetime]]) -> float:
    total, reached = 0.0, None
    for begin, end in sorted(spans):
        begun = begin if reached is None else max(begin, reached)
        total += max(0.0, (end - begun).total_seconds())
        reached = end if reached is None else max(reached, end)
    return total


def _to_stop(session: Session, workspace_id: str, since: datetime) -> Iterable[float]:
    query = select(Event).where(
        Event.workspace_id == workspace_id, Event.type == "bot:switch:stopped", Event.at >= since
    )
    for pressed in session.exec(query):
        begun = exists().where(
            col(Event.action_id) == col(Action.id),
            col(Event.type) == "approvals:action:executing",
            col(Event.at) <= pressed.at,
        )
        # The two times first: they leave few actions to look up the event of.
        began = select(Action).where(
            Action.workspace_id == workspace_id,
            Action.created_at <= pressed.at,
            col(Action.settled_at) > pressed.at,
            begun,
        )
        ends = [a.settled_at for a in session.exec(began) if pressed.subject in _scopes(a)]
        if pressed.turn_id is not None:
            turn = session.get(Turn, pressed.turn_id)
            ends += [turn.finished_at] if turn else []
        yield max((_seconds(pressed.at, end) for end in ends if end), default=0.0)


def _scopes(action: Action) -> tuple[str, ...]:
    conversation = derive_id("conv", action.workspace_id, action.channel, action.thread_ts or "")
    return (
        switches.ALL,
        switches.conversation_scope(conversation),
        switches.automation_scope(action.automation),
        switches.turn_scope(action.turn_id or ""),
    )


def _by_rule(session: Session, asked: Sequence[_Question]) -> tuple[OfRule, ...]:
    first = min((question.asked_at for question in asked), default=None)
    if first is None:
        return ()
    edited = _edited(session, first)
    rejected = select(Decision.request_id).where(Decision.vote == "reject", Decision.at >= first)
    refused = set(session.exec(rejected))
    counted: dict[str, list[_Question]] = defaultdict(list)
    for question in asked:
        corrected = question.action_id in edited or question.request_id in refused
        if corrected or question.status == "approved":
            for rule in question.rules:
                counted[rule].append(question)
    return tuple(
        OfRule(
            rule=rule,
            rate=max(found, key=lambda question: question.asked_at).review,
            decided=len(found),
            edited=sum(question.action_id in edited for question in found),
            rejected=sum(question.request_id in refused for question in found),
        )
        for rule, found in sorted(counted.items())
    )


def _edited(session: Session, first: datetime) -> set[str]:
    """Actions that were replaced because a person changed something in them."""
    newer = aliased(Action)
    query = (
        select(Action.id, Action.edits, newer.edits)
        .join(newer, col(newer.supersedes) == col(Action.id))
        .where(newer.created_at >= first)
    )
    return {of for of, before, after in session.exec(query) if len(after or []) > len(before or [])}


def _seconds(begin: datetime, end: datetime | None) -> float:
    return 0.0 if end is None else max(0.0, (end - begin).total_seconds())


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return sum(found) / len(found) if found else None
