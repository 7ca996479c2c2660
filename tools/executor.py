"""The only place where something is changed outside, and only under a permission just used up.

`Executor.run` is the job `execute`: idempotent on the action's row, safe to run by several at once,
after any crash, and however often it is delivered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import structlog
from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from approvals.states import ACTION_TERMINAL
from approvals.tables import Action
from core.errors import InvalidTransition, LeaseLost
from core.faultpoints import point
from core.outbox import finish, open_rows
from tools import breakers
from tools.claim import Claim, Work, postpone, sending_time
from tools.content import as_permitted, plain, validated
from tools.contract import Call, Refused, Unavailable
from tools.deps import Deps
from tools.lanes import COME_BACK
from tools.orphans import end_orphan
from tools.protocol import Step
from tools.reach import reach
from tools.resume import claim_again, resume
from tools.settle import AGAIN, absent, answered, refused, unclear
from tools.start import begin
from tools.tables import Breaker

T = TypeVar("T")
log = structlog.get_logger()
JOB = "execute"
_PERMITTED = frozenset({"allowed", "approved"})
_SETTLED = ACTION_TERMINAL | {"unknown"}
#: Built once: every job begins with it.
_ACTION = select(Action).where(col(Action.id) == bindparam("called"))
_HELD_UP = "I was held up before I could send it."


@dataclass(frozen=True)
class _Orphan:
    why: str


class Executor:
    """Runs permitted actions through the effect protocol."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    def run(self, action_id: str) -> str:
        """Take this action as far as it goes now.

        Returns its status then, or `held` (somebody else has it, or its time has not come),
        `stale` (another worker took it over meanwhile) or `gone` (there is no such action).
        """
        with self._deps.db.read() as session:
            action = session.scalars(_ACTION, {"called": action_id}).one_or_none()
            queued = tuple(open_rows(session, job=JOB, subject=action_id))
            seen = _breaker(session, action)
        if action is None:
            log.warning("no_such_action", action_id=action_id)
            return "gone"
        try:
            return self._run(action, queued, seen)
        except (LeaseLost, InvalidTransition) as error:
            log.warning("stale_worker", action_id=action_id, why=error.sentence)
            return "stale"

    def _run(self, action: Action, queued: tuple[str, ...], seen: Breaker | None) -> str:
        if action.status in _SETTLED:
            self._finish(queued)
        if action.status not in _PERMITTED and action.status != "executing":
            return action.status
        with self._deps.lanes.enter(action.tool) as free:
            if not free:
                return self._put_off(queued)
            return self._act(action, queued, seen)

    def _act(self, action: Action, queued: tuple[str, ...], seen: Breaker | None) -> str:
        work = self._work(action, queued, seen)
        if isinstance(work, _Orphan):
            return end_orphan(self._deps, action, work.why, queued)
        taken = begin(self._deps, work) if action.status in _PERMITTED else resume(self._deps, work)
        while isinstance(taken, Claim):
            taken = self._step(taken, work)
        return taken

    def _step(self, claim: Claim, work: Work) -> Claim | str:
        """One call or one look; a claim when another may follow at once."""
        if claim.step is Step.CALL:
            ended = self._call(claim)
            point("executor:outcome-committed")
            return ended
        ended = self._look(claim)
        if ended != AGAIN:
            return ended
        held = replace(work, action=claim.action)
        with self._deps.db.transaction() as session:
            return claim_again(session, self._deps, held, Step.CALL, tainted=claim.action.tainted)

    def _call(self, claim: Claim) -> str:
        left = sending_time(self._deps, claim)
        if left is None:
            return unclear(self._deps, claim, Unavailable(_HELD_UP, reached=False))
        in_time = replace(claim, call=replace(claim.call, timeout_s=left))
        try:
            result = self._reach(in_time, claim.tool.run)
        except Refused as refusal:
            return refused(self._deps, claim, refusal)
        except Unavailable as error:
            return unclear(self._deps, claim, error)
        point("executor:called")
        return answered(self._deps, claim, result)

    def _look(self, claim: Claim) -> str:
        verify = claim.tool.verify
        if verify is None:  # the protocol never asks for a look then
            return unclear(self._deps, claim, Unavailable("It cannot be looked up.", reached=False))
        try:
            found = self._reach(claim, verify)
        except Refused as refusal:
            return unclear(self._deps, claim, Unavailable(refusal.sentence, reached=False))
        except Unavailable as error:
            return unclear(self._deps, claim, error)
        if found is None:
            return absent(self._deps, claim)
        return answered(self._deps, claim, found, looked=True)

    def _reach(self, claim: Claim, function: Callable[[Any, Call], T]) -> T:
        return reach(
            self._deps,
            claim.tool,
            function,
            claim.args,
            claim.call,
            workspace_id=claim.action.workspace_id,
            seen=claim.seen,
        )

    def _work(
        self, action: Action, queued: tuple[str, ...], seen: Breaker | None
    ) -> Work | _Orphan:
        tool = self._deps.registry.tool(action.tool)
        principal = self._deps.people.by_id(action.principal_id)
        if tool is None:
            return _Orphan(f"there is no tool {action.tool} any more")
        if principal is None:
            return _Orphan("the person who asked is not served any more")
        try:
            args = validated(tool, action.args)
        except Refused as refusal:
            return _Orphan(refusal.sentence.rstrip("."))
        if plain(args) != action.args:
            return _Orphan("its arguments are read in another way than when they were shown")
        if action.status == "executing" and not as_permitted(tool, action):
            return _Orphan("its arguments are not those that were permitted")
        return Work(action, tool, principal, queued, seen, args)

    def _put_off(self, queued: tuple[str, ...]) -> str:
        """Other processes work for its connector, as many as may: it comes back soon."""
        with self._deps.db.transaction() as session:
            postpone(session, queued, self._deps.clock.now() + COME_BACK)
        return "held"

    def _finish(self, queued: tuple[str, ...]) -> None:
        if queued:
            with self._deps.db.transaction() as session:
                finish(session, queued, now=self._deps.clock.now())


def _breaker(session: Session, action: Action | None) -> Breaker | None:
    if action is None or (action.status not in _PERMITTED and action.status != "executing"):
        return None
    return breakers.look(session, workspace_id=action.workspace_id, tool_name=action.tool)
