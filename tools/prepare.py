"""From a proposal to a verdict: arguments checked, effect previewed, facts pinned, policy asked.

Runs on a tool worker, the only place with credentials. No transaction is open while a connector
is called; everything that follows from the verdict is one transaction.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import update
from sqlmodel import Session, col

from approvals import grants
from approvals.by_hand import by_hand
from approvals.editing import typed_in_edits
from approvals.moves import move, row_of
from approvals.origins import label
from approvals.people import Principal
from approvals.policy.judge import Verdict
from approvals.requests import open_request
from approvals.tables import Action
from approvals.undoing import undone_action
from approvals.windows import ask_held, hold_until, undo_moved
from core.canonical import NotCanonical
from core.errors import SignoffError
from core.faultpoints import point
from core.outbox import enqueue, finish, open_rows
from tools import breakers, undoing
from tools.alike import asked_instead, one_alike
from tools.calling import call_for
from tools.claim import postpone
from tools.content import alike_digest, content_digest, plain, validated
from tools.contract import Arguments, Effect, Preview, Refused, Tool, Unavailable
from tools.deps import Deps
from tools.gates import take_look
from tools.holding import waits_until
from tools.judging import may_change, plain_preview, preview_json, verdict_on
from tools.lanes import COME_BACK
from tools.reach import reach
from tools.scoped import missing_scope
from tools.stood import STOOD_ON, Stood, covering
from tools.tables import Breaker
from tools.unprepared import deny, fail, hold, lack, put_off

log = structlog.get_logger()
JOB = "prepare"


@dataclass(frozen=True)
class _Prepared:
    """What the row is given before it is allowed, asked about or denied."""

    columns: dict[str, Any]
    verdict: Verdict


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
            queued = open_rows(session, job=JOB, subject=action_id)
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

    def _advance(self, action: Action, queued: list[str], seen: Breaker | None) -> str:
        tool = self._deps.registry.tool(action.tool)
        principal = self._deps.people.by_id(action.principal_id)
        if tool is None:
            return fail(
                self._deps, action, Refused("There is no such tool.", code="unknown_tool"), queued
            )
        if principal is None:
            return deny(self._deps, action, "the person who asked is not served any more", queued)
        with self._deps.db.read() as session:
            lacking = missing_scope(
                self._deps, session, action, tool, principal, now=self._deps.clock.now()
            )
        if lacking is not None:
            return lack(self._deps, action, lacking, queued)
        with self._deps.lanes.enter(tool.name) as free:
            if not free:
                return self._come_back(queued)
            return self._judge(action, tool, principal, seen, queued)

    def _judge(
        self,
        action: Action,
        tool: Tool,
        principal: Principal,
        seen: Breaker | None,
        queued: list[str],
    ) -> str:
        until = self._waits_until(action, tool, seen)
        if until is not None:
            return hold(self._deps, action, tool, principal, seen, until, queued)
        try:
            prepared = self._prepare(action, tool, principal, seen)
        except Refused as refusal:
            return fail(self._deps, action, refusal, queued)
        except Unavailable as error:
            return put_off(self._deps, action, error, queued)
        except NotCanonical:
            log.exception("preview_not_canonical", tool=tool.name, action_id=action.id)
            return fail(
                self._deps,
                action,
                Refused("What this tool found cannot be used.", code="facts"),
                queued,
            )
        except SignoffError:
            raise  # the database, the log: the queue brings it back
        except Exception:
            reference = secrets.token_hex(4)
            log.exception("prepare_failed", action_id=action.id, reference=reference)
            sentence = f"Something went wrong on our side (reference {reference})."
            return put_off(self._deps, action, Unavailable(sentence, reached=False), queued)
        with self._deps.db.transaction() as session:
            status = self._follow(session, action, prepared)
            finish(session, queued, now=self._deps.clock.now())
            if seen is not None and seen.opened_at is not None:
                breakers.leave_probe(session, seen, now=self._deps.clock.now())
        point("prepare:judged")
        return status

    def _prepare(
        self, action: Action, tool: Tool, principal: Principal, seen: Breaker | None
    ) -> _Prepared:
        """Everything that is read and judged, outside any write transaction."""
        args = validated(tool, action.args)
        read_at = self._deps.clock.now()
        preview = self._preview(action, tool, principal, args, seen)
        arguments, facts, shown = (
            plain(args),
            dict(preview.facts),
            preview_json(tool, preview, read_at=read_at),
        )
        with self._deps.db.read() as session:
            texts = self._deps.evidence(session, action)
            done = undone_action(session, action) if action.undoes else None
        found = label(arguments, texts) | by_hand(action, arguments) | typed_in_edits(action)
        origins = {pointer: origin.value for pointer, origin in found.items()}
        if done is not None:
            origins = undoing.origins_of(done, origins)
            shown = undoing.told(shown, self._deps.people, action, done)
        now = self._deps.clock.now()
        verdict = verdict_on(
            self._deps, tool, action, principal, args=arguments, origins=origins, preview=shown,
            now=now,
        )  # fmt: skip
        if done is not None:
            changes = undoing.changes_since(self._deps.registry, done, facts)
            verdict = undoing.asked_because(verdict, changes)
        digest = content_digest(tool, args=arguments, principal_id=principal.id, facts=facts)
        columns = {
            "tool_version": tool.version,
            "args": arguments,
            "origins": origins,
            "facts": facts,
            "preview": may_change(shown, verdict),
            "digest": digest,
            "alike": alike_digest(tool, arguments),
            "attempt": 0,
        }
        return _Prepared(columns, verdict)

    def _waits_until(self, action: Action, tool: Tool, seen: Breaker | None) -> datetime | None:
        """Until when its connector is left alone or called often enough; None when it may go on."""
        if tool.preview is None and tool.effect is not Effect.READ:
            return None  # nothing is called before it is permitted
        until = waits_until(self._deps, seen, tool)
        if until is not None or tool.preview is None:
            return until
        with self._deps.db.transaction() as session:
            now = self._deps.clock.now()
            return take_look(self._deps, session, tool, workspace_id=action.workspace_id, now=now)

    def _preview(
        self,
        action: Action,
        tool: Tool,
        principal: Principal,
        args: Arguments,
        seen: Breaker | None,
    ) -> Preview:
        if tool.preview is None:
            return plain_preview(tool)
        call = call_for(
            action, tool, principal, limits=self._deps.limits, now=self._deps.clock.now()
        )
        return reach(
            self._deps,
            tool,
            tool.preview,
            args,
            call,
            workspace_id=action.workspace_id,
            seen=seen,
        )

    def _follow(self, session: Session, action: Action, prepared: _Prepared) -> str:
        """Write what was prepared and what the verdict demands. One transaction."""
        row = _store(session, action, prepared.columns)
        if row is None:
            return row_of(session, action.id).status
        now, verdict = self._deps.clock.now(), prepared.verdict
        other = one_alike(session, row) if verdict.effect != "read" else None
        if other is not None:
            verdict = asked_instead(verdict, other)
        standing = None if other is not None else covering(session, self._deps, row, verdict)
        if standing is not None:
            return self._allowed(session, row, verdict, standing=standing)
        if verdict.kind == "ask":
            open_request(
                session,
                self._deps.log,
                row,
                verdict,
                self._deps.people,
                now=now,
                readers=self._deps.readers(session, row),
                cards=verdict.cards,
            )
            asked = row_of(session, action.id)
            undo_moved(session, asked, now=now)
            return asked.status
        if verdict.kind == "deny":
            return self._denied(session, row, verdict)
        return self._allowed(session, row, verdict)

    def _allowed(
        self, session: Session, row: Action, verdict: Verdict, *, standing: Stood | None = None
    ) -> str:
        now, plain_verdict = self._deps.clock.now(), verdict.as_json()
        held = hold_until(plain_verdict, now=now)
        moved = move(
            session,
            self._deps.log,
            row,
            "allowed",
            now=now,
            actor="system:policy",
            reason=f"Allowed: {standing.reason if standing else verdict.reason}",
            verdict=plain_verdict | ({STOOD_ON: standing.id} if standing else {}),
            not_before=held,
        )
        if held is not None:
            ask_held(session, moved, now=now)
        source = f"standing:{standing.id}" if standing else "policy"
        grants.mint(session, self._deps.log, moved, source=source, now=now)
        enqueue(
            session,
            workspace_id=row.workspace_id,
            job="execute",
            subject=row.id,
            key=f"{row.id}:allowed",
            args={"action_id": row.id},
            now=now,
            # This very job goes on to execute it; the queue is for the case that it dies before.
            not_before=held or now + self._deps.limits.backoff(1),
        )
        return moved.status

    def _denied(self, session: Session, row: Action, verdict: Verdict) -> str:
        return move(
            session,
            self._deps.log,
            row,
            "denied",
            now=self._deps.clock.now(),
            actor="system:policy",
            reason=f"Not allowed: {verdict.reason}",
            verdict=verdict.as_json(),
        ).status

    def _come_back(self, queued: list[str]) -> str:
        """Other processes work for its connector, as many as may."""
        with self._deps.db.transaction() as session:
            postpone(session, queued, self._deps.clock.now() + COME_BACK)
        return "proposed"

    def _finish(self, queued: list[str]) -> None:
        if queued:
            with self._deps.db.transaction() as session:
                finish(session, queued, now=self._deps.clock.now())


def _store(session: Session, action: Action, columns: dict[str, Any]) -> Action | None:
    """The row with what was prepared; None when another delivery was faster."""
    changed = session.execute(
        update(Action)
        .where(col(Action.id) == action.id, col(Action.status) == "proposed")
        .values(**columns)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        return None
    return row_of(session, action.id)


def _breaker(session: Session, action: Action | None) -> Breaker | None:
    if action is None or action.status != "proposed":
        return None
    return breakers.look(session, workspace_id=action.workspace_id, tool_name=action.tool)
