"""From a proposal to a verdict: arguments checked, effect previewed, facts pinned, policy asked.

Runs on a tool worker, the only place with credentials. No transaction is open while a connector
is called; everything that follows from the verdict is one transaction.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

import structlog
from sqlmodel import Session

from approvals.tables import Action
from core.canonical import NotCanonical
from core.errors import SignoffError
from core.faultpoints import point
from core.outbox import finish, open_rows
from tools import breakers
from tools.claim import Proposal, postpone
from tools.contract import Refused, Unavailable
from tools.deps import Deps
from tools.lanes import COME_BACK
from tools.pinning import pin, waits
from tools.scoped import missing_scope
from tools.tables import Breaker
from tools.unprepared import deny, fail, hold, put_off
from tools.verdicts import follow

log = structlog.get_logger()
JOB = "prepare"


class Prepare:
    """The job `prepare`: idempotent on the action's row, safe to run by several at once."""

    def __init__(self, deps: Deps, *, execute: Callable[[str], object]) -> None:
        """`execute(action_id)` runs what was allowed, in the same job (`Executor.run`)."""
        self._deps = deps
        self._execute = execute

    def run(self, action_id: str) -> str:
        """Prepare this action and return its status then: allowed, awaiting, denied, failed, or
        `proposed` while the counterpart does not answer; `gone` when there is no such action."""
        with self._deps.db.read() as session:
            action = session.get(Action, action_id)
            queued = tuple(open_rows(session, job=JOB, subject=action_id))
            seen = _breaker(session, action)
        if action is None:
            log.warning("no_such_action", action_id=action_id)
            return "gone"
        if action.status == "proposed":
            status = self._advance(action, queued, seen)
        else:
            status = action.status
            self._finish(queued)
        if status == "allowed":
            self._execute(action_id)
        return status

    def _advance(self, action: Action, queued: tuple[str, ...], seen: Breaker | None) -> str:
        deps = self._deps
        tool = deps.registry.tool(action.tool)
        principal = deps.people.by_id(action.principal_id)
        if tool is None:
            unknown = Refused("There is no such tool.", code="unknown_tool")
            return fail(deps, action, unknown, queued)
        if principal is None:
            return deny(deps, action, "the person who asked is not served any more", queued)
        proposal = Proposal(action, tool, principal, queued, seen)
        with deps.db.read() as session:
            lacking = missing_scope(deps, session, proposal, now=deps.clock.now())
        if lacking is not None:
            return deny(deps, action, f"Not allowed: {lacking}", queued)
        with deps.lanes.enter(tool.name) as free:
            return self._judge(proposal) if free else self._come_back(queued)

    def _judge(self, proposal: Proposal) -> str:
        deps, action, seen = self._deps, proposal.action, proposal.seen
        until = waits(deps, proposal)
        if until is not None:
            return hold(deps, proposal, until)
        try:
            pinned = pin(deps, proposal)
        except Refused as refusal:
            return fail(deps, action, refusal, proposal.queued)
        except Unavailable as error:
            return put_off(deps, proposal, error)
        except NotCanonical:
            log.exception("preview_not_canonical", tool=action.tool, action_id=action.id)
            unusable = Refused("What this tool found cannot be used.", code="facts")
            return fail(deps, action, unusable, proposal.queued)
        except SignoffError:
            raise  # the database, the log: the queue brings it back
        except Exception:
            reference = secrets.token_hex(4)
            log.exception("prepare_failed", action_id=action.id, reference=reference)
            sentence = f"Something went wrong on our side (reference {reference})."
            return put_off(deps, proposal, Unavailable(sentence, reached=False))
        with deps.db.transaction() as session:
            status = follow(deps, session, action, pinned)
            finish(session, proposal.queued, now=deps.clock.now())
            if seen is not None and seen.opened_at is not None:
                breakers.leave_probe(session, seen, now=deps.clock.now())
        point("prepare:judged")
        return status

    def _come_back(self, queued: tuple[str, ...]) -> str:
        """Other processes work for its connector, as many as may."""
        with self._deps.db.transaction() as session:
            postpone(session, queued, self._deps.clock.now() + COME_BACK)
        return "proposed"

    def _finish(self, queued: tuple[str, ...]) -> None:
        if queued:
            with self._deps.db.transaction() as session:
                finish(session, queued, now=self._deps.clock.now())


def _breaker(session: Session, action: Action | None) -> Breaker | None:
    if action is None or action.status != "proposed":
        return None
    return breakers.look(session, workspace_id=action.workspace_id, tool_name=action.tool)
