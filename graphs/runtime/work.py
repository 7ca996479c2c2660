"""What the assistant's nodes need done, under the turn's leases: `graphs.assistant.TurnWork`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from sqlmodel import Session, col, select

from approvals.actions import Proposed, propose
from approvals.tables import Action
from audit.log import Log
from core.clock import Clock
from core.db import Database
from core.errors import GraphError, LeaseLost, StorageError
from core.faultpoints import point
from core.leases import Held, guard
from graphs.assistant import Message, Observed
from graphs.runtime.budget import Budget
from graphs.runtime.claim import stopped_by
from graphs.runtime.drain import Drain, HandedOver
from graphs.runtime.preview import NoPreview, Preview, task_of
from graphs.runtime.spending import spent
from graphs.runtime.states import RUNNING
from graphs.runtime.tables import Turn
from graphs.runtime.turns import end_stopped
from graphs.versions import Version
from llm.calls import Schema
from llm.client import Answer, Models
from llm.config import Tier
from llm.listening import Abandoned, Listener
from llm.prompts import ASSISTANT
from llm.recorder import record, record_left, recorded
from tools.observe import observation
from tools.registry import Registry


class TurnEnded(GraphError):
    """This was stopped."""


@dataclass(frozen=True)
class Desk:
    """What every turn of this process works with."""

    db: Database
    log: Log
    clock: Clock
    models: Models
    registry: Registry
    tier: Tier
    #: How far one turn may go.
    budget: Budget
    #: Name -> digest of each file in force: policy, people. Every turn names them.
    digests: Mapping[str, str]
    #: Who looks on.
    preview: Preview = field(default_factory=NoPreview)
    #: Asked whether this process is to end.
    drain: Drain = field(default_factory=Drain)


class Work:
    """One run of one turn. Every write checks the turn's lease and that nobody stopped it."""

    def __init__(
        self, desk: Desk, turn: Turn, version: Version, held: Held, lost: Callable[[], bool]
    ) -> None:
        self._desk, self._turn, self._version = desk, turn, version
        self._held, self._lost = held, lost

    def model(self, step: int, messages: Sequence[dict[str, Any]]) -> Message:
        turn = self._turn
        with self._desk.db.read() as session:
            known = recorded(session, turn.id, step)
            if known is None:
                self._check(session, step)
        if known is None:
            answer = self._asked(step, messages)
            with self.write() as session:
                known = record(
                    session,
                    self._desk.log,
                    workspace_id=turn.workspace_id,
                    turn_id=turn.id,
                    principal_id=turn.principal_id,
                    step=step,
                    prompt=ASSISTANT,
                    messages=messages,
                    answer=answer,
                    now=self._desk.clock.now(),
                )
            point("turn:model-recorded")
        return understood(self._version, known.message)

    def propose(self, step: int, calls: Sequence[Mapping[str, Any]]) -> list[str]:
        turn = self._turn
        with self.write() as session:
            self._check_calls(session, step, len(calls))
            actions = propose(
                session,
                self._desk.log,
                turn_id=turn.id,
                step=step,
                calls=[self._proposed(call) for call in calls],
                principal_id=turn.principal_id,
                workspace_id=turn.workspace_id,
                channel=turn.channel,
                thread_ts=turn.thread_ts,
                automation=turn.automation,
                now=self._desk.clock.now(),
            )
            ids = [action.id for action in actions]
            tasks = [task_of(action) for action in actions]
        point("turn:actions-committed")
        self._desk.preview.tasks(turn, tasks)
        return ids

    def observe(self, action_ids: Sequence[str]) -> list[Observed]:
        with self._desk.db.read() as session:
            found = session.exec(select(Action).where(Action.id.in_(action_ids)))  # type: ignore[attr-defined]
            actions = {action.id: action for action in found}
        self._desk.preview.tasks(self._turn, [task_of(actions[head]) for head in action_ids])
        return [observed(actions[action_id]) for action_id in action_ids]

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that commits only while the turn is ours and running."""
        with self._desk.db.transaction() as session:
            guard(session, self._held)
            self._still_running(session)
            yield session

    def _asked(self, step: int, messages: Sequence[dict[str, Any]]) -> Answer:
        """The model's answer, shown while it is written. Raises `TurnEnded` soon after somebody
        stopped the turn, `LeaseLost` soon after another worker took it over, `HandedOver` when this
        process ends before the answer does."""
        turn, words, said = self._turn, self._desk.preview.words, [""]

        def heard(text: str) -> None:
            said[0] = text
            words(turn, step, text)

        try:
            return self._desk.models.complete(
                messages, self._schemas(), self._desk.tier, Listener(heard, self._wanted)
            )
        except Abandoned:
            self._leave(step, messages, said[0])
            raise TurnEnded(f"turn {turn.id} is not wanted any more") from None

    def _wanted(self) -> bool:
        if self._lost():
            raise LeaseLost(f"{self._held.name} was taken over")
        if self._desk.drain.over:
            raise HandedOver()
        try:
            with self._desk.db.read() as session:
                self._still_running(session)
                return stopped_by(session, self._turn) is None
        except TurnEnded:
            return False
        except StorageError:
            return True  # not known; the write that follows the answer will tell

    def _leave(self, step: int, messages: Sequence[dict[str, Any]], heard: str) -> None:
        """Log what was left. Where everything was stopped, which moves no turn, this one ends as it
        would have at its beginning."""
        desk, now = self._desk, self._desk.clock.now()
        with desk.db.transaction() as session:
            guard(session, self._held)
            turn = session.get_one(Turn, self._turn.id)
            record_left(
                session,
                desk.log,
                workspace_id=turn.workspace_id,
                turn_id=turn.id,
                principal_id=turn.principal_id,
                step=step,
                prompt=ASSISTANT,
                model=desk.models.config.tier(desk.tier).model,
                messages=messages,
                heard=heard,
                now=now,
            )
            reason = stopped_by(session, turn)
            if reason is not None and turn.status == RUNNING:
                end_stopped(session, desk.log, turn, by="system:worker", reason=reason, now=now)

    def _check(self, session: Session, step: int) -> None:
        # A model's answer is paid for: not asked for when it could not be kept.
        if self._lost():
            raise LeaseLost(f"{self._held.name} was taken over")
        self._still_running(session)
        if self._desk.drain.begun:
            raise HandedOver()
        if step > 0:
            used = spent(session, self._turn.id, now=self._desk.clock.now())
            self._desk.budget.refuse_beyond(used)

    def _check_calls(self, session: Session, step: int, wanted: int) -> None:
        mine = select(Action.step).where(Action.turn_id == self._turn.id)
        steps = session.exec(mine.where(col(Action.supersedes).is_(None))).all()
        if step not in steps:  # else they stand already, and are found again
            self._desk.budget.refuse_calls(len(steps), wanted)

    def _still_running(self, session: Session) -> None:
        status = session.exec(select(Turn.status).where(Turn.id == self._turn.id)).one()
        if status != RUNNING:
            raise TurnEnded(f"turn {self._turn.id} is {status}")

    def _schemas(self) -> list[Schema]:
        return list(self._desk.registry.schemas())

    def _proposed(self, call: Mapping[str, Any]) -> Proposed:
        tool = self._desk.registry.tool(call["tool"])
        # A tool that left the registry since the answer was recorded is refused by `prepare`.
        version = tool.version if tool else "gone"
        title = tool.can[:1].upper() + tool.can[1:] if tool else None
        return Proposed(tool=call["tool"], tool_version=version, args=call["args"], title=title)


def understood(version: Version, message: Mapping[str, Any]) -> Message:
    """A recorded answer as this version of the graph reads it, its calls as they were recorded."""
    recorded_as = cast(Message, message)
    return {**version.read(recorded_as), "calls": recorded_as["calls"]}


def observed(action: Action) -> Observed:
    result = (action.outcome or {}).get("result") or {}
    source = result.get("source") if action.status == "succeeded" else None
    return Observed(observation(action), source)
