"""Engines that are wrong on purpose: the campaign must see each of them fail.

Each stands in the place of one job's handler: three in the executor's, one in the reconciler's, one
where going back goes on. They use up the permission and say what they begin: what is wrong with
them is only what a crash shows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from sqlmodel import Session, select

from approvals import grants
from approvals.moves import move, row_of
from approvals.tables import Action, Compensation
from core.leases import Held
from core.outbox import finish, open_rows
from tests.faults.errands import BASIC, COMPARING, GOING_BACK
from tools.compensating import go_on, move_back
from tools.contract import Call, Caller, Tool
from tools.outcomes import success
from tools.reconcile import Reconciler
from tools.tables import Breaker

if TYPE_CHECKING:
    from tests.faults.house import House

_ACTOR = "system:tools"
_LEASE = timedelta(seconds=20)


class Engine(Protocol):
    """What takes the place of `job`'s handler in these flows. `shows`: of its crossings those that
    bear this text are ruined."""

    job: str
    flows: Sequence[str]
    shows: str

    def __init__(self, house: House) -> None: ...

    def run(self, **args: Any) -> Any: ...


class AcksLate:
    """The message is taken off the queue once its job is done, and nothing else is kept."""

    job, flows, shows = "execute", BASIC, ""

    def __init__(self, house: House) -> None:
        self._house, self._floor = house, house.floor

    def run(self, *, action_id: str) -> None:
        action = self._action(action_id)
        if action.status == "approved":
            self._settle(action, self._call(action, uuid4().hex))

    def _action(self, action_id: str) -> Action:
        with self._floor.db.read() as session:
            return session.get_one(Action, action_id)

    def _call(self, action: Action, key: str) -> dict[str, Any]:
        tool, person = self._tool(action), self._floor.people.by_id(action.principal_id)
        assert person is not None
        args = tool.args.model_validate(action.args)
        call = Call(
            action_id=action.id,
            key=hashlib.sha256(key.encode()).hexdigest(),
            caller=Caller(person.id, person.name, person.email),
            now=self._now(),
            timeout_s=tool.timeout_s,
            facts=dict(action.facts or {}),
        )
        return success(tool, args, tool.run(args, call), action.preview)

    def _settle(self, action: Action, outcome: dict[str, Any]) -> None:
        with self._floor.db.transaction() as session:
            if action.status == "approved":
                action = self._begin(session, action)
            self._move(session, action, "succeeded", outcome=outcome, lease_until=None)
            rows = open_rows(session, job="execute", subject=action.id)
            finish(session, rows, now=self._now())

    def _begin(self, session: Any, action: Action, **changes: Any) -> Action:
        grants.consume(session, self._floor.log, action, now=self._now())
        begun = self._move(session, action, "executing", **changes)
        self._floor.log.record(
            session,
            workspace_id=action.workspace_id,
            type="tools:effect:intent",
            subject=action.id,
            actor=_ACTOR,
            at=self._now(),
            action_id=action.id,
        )
        return begun

    def _move(self, session: Any, action: Action, to: str, **changes: Any) -> Action:
        return move(
            session,
            self._floor.log,
            row_of(session, action.id),
            to,
            now=self._now(),
            actor=_ACTOR,
            reason=to,
            **changes,
        )

    def _tool(self, action: Action) -> Tool:
        tool = self._floor.registry.tool(action.tool)
        assert tool is not None
        return tool

    def _now(self) -> datetime:
        return self._floor.clock.now()


class DoneFlag(AcksLate):
    """A flag in Redis says that it was done, written after it was."""

    def run(self, *, action_id: str) -> None:
        action, flag = self._action(action_id), f"done:{action_id}"
        if action.status != "approved":
            return
        outcome: dict[str, Any] = {"status": "succeeded", "result": {}, "summary": "Done"}
        if not self._house.redis.exists(flag):
            outcome = self._call(action, uuid4().hex)
            self._house.redis.set(flag, "1")
        self._settle(action, outcome)


class KeyPerTry(AcksLate):
    """Intent and lease as they should be, but each try sends a key of its own."""

    def run(self, *, action_id: str) -> None:
        action = self._action(action_id)
        if action.status == "approved":
            with self._floor.db.transaction() as session:
                action = self._begin(session, action, attempt=1, lease_until=self._now() + _LEASE)
        elif action.status == "executing" and self._ran_out(action):
            with self._floor.db.transaction() as session:
                row = row_of(session, action.id)
                row.attempt, row.lease_until = row.attempt + 1, self._now() + _LEASE
                session.add(row)
            action = self._action(action_id)
        else:
            return
        self._settle(action, self._call(action, f"{action.id}:{action.attempt}"))

    def _ran_out(self, action: Action) -> bool:
        return action.lease_until is not None and action.lease_until <= self._now()


class CursorFirst(Reconciler):
    """How far it is, is kept first, and then what was found there."""

    job, flows, shows = "reconcile", (COMPARING,), f"commit {__name__}:"

    def __init__(self, house: House) -> None:
        super().__init__(house.handlers[self.job].__self__._deps)  # type: ignore[attr-defined]
        self._found: list[tuple[Tool, Any]] = []

    def _note(self, session: Session, tool: Tool, shown: Any) -> None:
        self._found.append((tool, shown))

    def _compare(self, tool: Tool, held: Held, seen: Breaker | None) -> str:
        outcome = super()._compare(tool, held, seen)
        with self._deps.db.transaction() as session:
            for one in self._found:
                super()._note(session, *one)
        self._found = []
        return outcome


class DoneFirst:
    """Going back is marked as done, and only then the next undo is proposed."""

    job, flows, shows = "undo_changed", (GOING_BACK,), f"commit {__name__}:"

    def __init__(self, house: House) -> None:
        self._floor, self._ours = house.floor, house.handlers[self.job]

    def run(self, *, action_id: str) -> None:
        floor, now = self._floor, self._floor.clock.now()
        with floor.db.read() as session:
            undo = session.get_one(Action, action_id)
            running = select(Compensation).where(Compensation.status == "running")
            row = session.exec(running).first()
        if undo.undoes is None or row is None:
            self._ours(action_id=action_id)
            return
        with floor.db.transaction() as session:
            row = session.get_one(Compensation, row.id)
            move_back(session, floor.log, row, "done", by=row.decided_by, reason="", now=now)
            finish(session, open_rows(session, job=self.job, subject=action_id), now=now)
        with floor.db.transaction() as session:
            row = session.get_one(Compensation, row.id)
            move_back(session, floor.log, row, "running", by=row.decided_by, reason="", now=now)
            go_on(session, floor.log, floor.registry, row, now=now)


ENGINES: Mapping[str, type[Engine]] = {
    "acks_late": AcksLate,
    "done_flag": DoneFlag,
    "key_per_try": KeyPerTry,
    "cursor_first": CursorFirst,
    "done_first": DoneFirst,
}
