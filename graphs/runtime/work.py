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
from core.errors import LeaseLost
from core.faultpoints import point
from core.leases import Held, guard
from graphs.assistant import Message, Observed
from graphs.runtime.asking import Asking
from graphs.runtime.budget import Budget
from graphs.runtime.drain import Drain, HandedOver
from graphs.runtime.preview import NoPreview, Preview, task_of
from graphs.runtime.spending import spent
from graphs.runtime.tables import Turn
from graphs.runtime.turns import require_running
from graphs.versions import Version
from llm.calls import Schema
from llm.client import Models
from llm.config import Tier
from llm.prompts import ASSISTANT
from llm.recorder import record, recorded
from llm.tables import ModelResponse
from tools.observe import observation
from tools.registry import Registry
from tools.together import marked, warning_on


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
    #: Sends the post of this id in the run that owes it; without it the queue does, a trip later.
    deliver: Callable[[str], None] | None = None


class Work:
    """One run of one turn. Every write checks the turn's lease and that nobody stopped it."""

    def __init__(
        self,
        desk: Desk,
        turn: Turn,
        version: Version,
        held: Held,
        lost: Callable[[], bool],
        *,
        first: bool,
    ) -> None:
        """`first` says that no run before this one can have recorded anything."""
        self._desk, self._turn, self._version = desk, turn, version
        self._held, self._lost, self._first = held, lost, first
        self._asking = Asking(desk, turn, held, lost)

    def model(self, step: int, messages: Sequence[dict[str, Any]]) -> Message:
        turn = self._turn
        known = self._known(step)
        if known is None:
            answer = self._asking.ask(step, messages, self._schemas())
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
                calls=marked(self._desk.registry, [self._proposed(call) for call in calls]),
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
            warnings = {one.id: warning_on(session, one) for one in actions.values()}
        self._desk.preview.tasks(self._turn, [task_of(actions[head]) for head in action_ids])
        return [observed(actions[head], warnings[head]) for head in action_ids]

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that commits only while the turn is ours and running."""
        with self._desk.db.transaction() as session:
            guard(session, self._held)
            require_running(session, self._turn.id)
            yield session

    def _known(self, step: int) -> ModelResponse | None:
        """The answer of this step, if there is one; else whether it may be asked for is checked."""
        if self._first:  # begun a moment ago, and this is its first answer
            self._first = False
            self._check_ours()
            return None
        with self._desk.db.read() as session:
            known = recorded(session, self._turn.id, step)
            if known is None:
                self._check(session, step)
        return known

    def _check_ours(self) -> None:
        # A model's answer is paid for: not asked for when it could not be kept.
        if self._lost():
            raise LeaseLost(f"{self._held.name} was taken over")
        if self._desk.drain.begun:
            raise HandedOver()

    def _check(self, session: Session, step: int) -> None:
        require_running(session, self._turn.id)
        self._check_ours()
        if step > 0:
            used = spent(session, self._turn.id, now=self._desk.clock.now())
            self._desk.budget.refuse_beyond(used)

    def _check_calls(self, session: Session, step: int, wanted: int) -> None:
        mine = select(Action.step).where(Action.turn_id == self._turn.id)
        steps = session.exec(mine.where(col(Action.supersedes).is_(None))).all()
        if step not in steps:  # else they stand already, and are found again
            self._desk.budget.refuse_calls(len(steps), wanted)

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


def observed(action: Action, warning: str | None = None) -> Observed:
    result = (action.outcome or {}).get("result") or {}
    source = result.get("source") if action.status == "succeeded" else None
    seen = observation(action)
    warned = " ".join(filter(None, (seen.get("warning"), warning)))
    return Observed(seen | ({"warning": warned} if warned else {}), source)
