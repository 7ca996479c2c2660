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
from typing import Any

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


def figures(session: Session, *, workspace_id: str, since: datetime) -> Figures:
    """Of tasks that ended, questions that were decided and stops pressed since then."""
    ended = select(Turn).where(
        Turn.workspace_id == workspace_id,
        col(Turn.finished_at).is_not(None),
        col(Turn.finished_at) >= since,
    )
    turns = {turn.id: turn for turn in session.exec(ended)}
    asked = _questions(session, workspace_id, since)
    of_turns = [(r, a) for r, a in asked if a.turn_id in turns]
    waited = _waited(turns, of_turns)
    lasted = sum(_seconds(t.created_at, t.finished_at) for t in turns.values())
    return Figures(
        tasks=len(turns),
        escalated=len({a.turn_id for r, a in of_turns if _of_others(r)}),
        to_intervene_s=_mean(_to_decide(session, asked)),
        to_stop_s=_mean(_to_stop(session, workspace_id, since)),
        peoples_share=waited / lasted if lasted else None,
        rules=_by_rule(session, asked),
    )


def _questions(
    session: Session, workspace_id: str, since: datetime
) -> list[tuple[Request, Action]]:
    query = (
        select(Request, Action)
        .join(Action, col(Action.id) == col(Request.action_id))
        .where(
            Request.workspace_id == workspace_id,
            col(Request.closed_at).is_not(None),
            col(Request.closed_at) >= since,
        )
    )
    return [(request, action) for request, action in session.exec(query)]


def _of_others(request: Request) -> bool:
    return any(stage["who"] != REQUESTER for stage in request.stages)


def _to_decide(session: Session, asked: Sequence[tuple[Request, Action]]) -> Iterable[float]:
    if not asked:
        return
    tried, first = col(Post.attempted_at), min(request.created_at for request, _ in asked)
    query = (
        select(Post.subject, func.min(tried))
        .where(Post.kind == "card", tried.is_not(None), Post.created_at >= first)
        .group_by(col(Post.subject))
    )
    shown: dict[str, Any] = dict(session.exec(query).all())
    voted = set(session.exec(select(Decision.request_id).where(Decision.at >= first)))
    for request, action in asked:
        if request.id in voted and request.status in ("approved", "rejected"):
            yield _seconds(shown.get(action.id) or request.created_at, request.closed_at)


def _waited(turns: dict[str, Turn], asked: Sequence[tuple[Request, Action]]) -> float:
    """Seconds in which a question of a task was open; several at once count once."""
    open_times: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for request, action in asked:
        turn = turns[str(action.turn_id)]
        if request.closed_at is not None and turn.finished_at is not None:
            span = (request.created_at, min(request.closed_at, turn.finished_at))
            open_times[turn.id].append(span)
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
        began = (
            select(Action)
            .join(Event, col(Event.action_id) == col(Action.id))
            .where(
                Action.workspace_id == workspace_id,
                Event.type == "approvals:action:executing",
                Event.at <= pressed.at,
                col(Action.settled_at) > pressed.at,
            )
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


def _by_rule(session: Session, asked: Sequence[tuple[Request, Action]]) -> tuple[OfRule, ...]:
    first = min((request.created_at for request, _ in asked), default=None)
    if first is None:
        return ()
    successors = select(Action).where(
        col(Action.supersedes).is_not(None), Action.created_at >= first
    )
    edited = {a.supersedes for a in session.exec(successors) if _is_new_edit(session, a)}
    refused = set(
        session.exec(
            select(Decision.request_id).where(Decision.vote == "reject", Decision.at >= first)
        )
    )
    counted: dict[str, list[tuple[Request, Action, bool, bool]]] = defaultdict(list)
    for request, action in asked:
        changed, no = action.id in edited, request.id in refused
        if changed or no or request.status == "approved":
            for rule in (action.verdict or {}).get("rules", ()):
                counted[rule].append((request, action, changed, no))
    return tuple(
        OfRule(
            rule=rule,
            rate=(max(found, key=lambda each: each[0].created_at)[1].verdict or {}).get(
                "review", 100
            ),
            decided=len(found),
            edited=sum(changed for _, _, changed, _ in found),
            rejected=sum(no for _, _, _, no in found),
        )
        for rule, found in sorted(counted.items())
    )


def _is_new_edit(session: Session, newer: Action) -> bool:
    old = session.get_one(Action, newer.supersedes)
    return len(newer.edits or []) > len(old.edits or [])


def _seconds(begin: datetime, end: datetime | None) -> float:
    return 0.0 if end is None else max(0.0, (end - begin).total_seconds())


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return sum(found) / len(found) if found else None
