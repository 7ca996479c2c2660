"""The first claim of a permitted action: everything is checked first, then one transaction.

Facts, policy, permission and stops are looked at before the intent is written and never after:
re-reading a fact after one's own effect and calling it "changed" is how a second refund happens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from approvals import grants, switches
from approvals.moves import move
from approvals.tables import Action
from core.errors import ApprovalError
from core.faultpoints import point
from tools.afresh import asks_more, counts_from, judged_anew, look_again, too_old
from tools.calling import call_for
from tools.claim import Claim, Work, lease_until, note, postpone, send_deadline
from tools.content import same_facts, unchanged
from tools.contract import Effect, Refused, Retry, Tool, Unavailable
from tools.deps import ACTOR, Deps
from tools.gates import scopes, take_turn
from tools.holding import may_go
from tools.judging import preview_json
from tools.protocol import Step
from tools.scoped import missing_scope
from tools.stood import spend
from tools.tallying import beyond
from tools.together import held_by
from tools.unstarted import (
    ask_anew,
    asked_anew,
    counterpart_down,
    end,
    ended,
    not_permitted,
    put_off,
    too_late,
)

#: How often something permitted looks whether a stop, or another step, still holds it.
_WHILE_HELD = timedelta(seconds=60)
_OTHERS = "a step that belongs together with it was not done"


def begin(deps: Deps, work: Work) -> Claim | str:
    """Claim an allowed or approved action for its first call.

    A string names what happened instead: `held` (later), `superseded` (asked anew), `cancelled`,
    `denied` or `expired`.
    """
    action, tool, now = work.action, work.tool, deps.clock.now()
    if action.not_before is not None and action.not_before > now:
        return put_off(deps, work, action.not_before)
    if not may_go(deps, work):
        return "held"
    if not unchanged(tool, action):
        return ask_anew(deps, work, "the tool or the content changed since it was permitted")
    shown: Mapping[str, Any] = action.preview or {}
    reads = 0
    if too_old(deps, tool, shown, now):
        try:
            preview = look_again(deps, work)
        except Refused as refusal:
            return ask_anew(deps, work, refusal.sentence)
        except Unavailable as error:
            return counterpart_down(deps, work, error)
        if not same_facts(action.facts, preview.facts):
            return ask_anew(deps, work, "the facts it rests on have changed")
        shown, reads = preview_json(tool, preview, read_at=counts_from(deps, tool, asked=now)), 1
    deps = deps.for_one_judgement()
    verdict = judged_anew(deps, work, shown)
    if verdict is not None and verdict.kind == "deny":
        return end(deps, work, "denied", f"Not allowed any more: {verdict.reason}")
    if verdict is not None and asks_more(action, verdict):
        return ask_anew(deps, work, f"the policy has changed: {verdict.reason}")
    return _claim(deps, work, shown, reads)


def _claim(deps: Deps, work: Work, shown: Mapping[str, Any], reads: int) -> Claim | str:
    """Claim, token, permission and intent: one transaction, committed before the call."""
    try:
        with deps.db.transaction() as session, deps.log.gathered(session) as log:
            now = deps.clock.now()
            taken = _taken(replace(deps, log=log), session, work, shown, reads, now=now)
    except ApprovalError as error:
        return not_permitted(deps, work, error)
    if isinstance(taken, str):
        return taken
    point("executor:intent-committed")
    return Claim(
        action=taken,
        tool=work.tool,
        args=work.args,
        call=call_for(taken, work.tool, work.principal, limits=deps.limits, now=now),
        step=Step.CALL,
        queued=work.queued,
        seen=work.seen,
    )


def _taken(
    deps: Deps, session: Session, work: Work, shown: Mapping[str, Any], reads: int, *, now: datetime
) -> Action | str:
    """The action, begun; a string when something holds it or speaks against it after all.

    `now` is read in this transaction: a worker that was held up before it sees how late it is.
    """
    action, tool = work.action, work.tool
    stopped = switches.in_force(
        session, workspace_id=action.workspace_id, scopes=scopes(action), people=deps.people
    )
    if stopped is not None and stopped.final:
        return ended(deps, session, work, "cancelled", stopped.sentence)
    if stopped is not None or held_by(session, action, now=now):
        why = stopped.sentence if stopped is not None else _OTHERS
        if grants.expired(session, action, now=now):
            return too_late(deps, session, work, why)
        # Looked at again now and then; letting it go on wakes it at once.
        postpone(session, work.queued, now + _WHILE_HELD)
        return "held"
    if too_old(deps, tool, shown, now):
        postpone(session, work.queued, now)  # whoever takes it next reads them again
        return "held"
    gone = grants.lapsed(session, deps.people, action, now=now)
    if gone is not None:
        return asked_anew(deps, session, work, gone)
    due = take_turn(deps, session, tool, workspace_id=action.workspace_id, now=now, reads=reads)
    if due is not None:
        postpone(session, work.queued, due)
        return "held"
    lacking = missing_scope(deps, session, work, now=now)
    if lacking is not None:
        return ended(deps, session, work, "denied", f"Not allowed: {lacking}")
    more = beyond(deps, session, work, shown, now=now)
    if more is not None and more.kind == "deny":
        return ended(deps, session, work, "denied", f"Not allowed any more: {more.reason}")
    if more is not None:
        return asked_anew(deps, session, work, more.reason)
    unstood = spend(session, deps, action, now=now)
    if unstood is not None:
        return asked_anew(deps, session, work, unstood)
    grants.consume(session, deps.log, action, now=now)
    return _to_executing(deps, session, work, now)


def _to_executing(deps: Deps, session: Session, work: Work, now: datetime) -> Action:
    action, tool = work.action, work.tool
    title = (action.preview or {}).get("title", tool.can)
    moved = move(
        session,
        deps.log,
        action,
        "executing",
        now=now,
        actor=ACTOR,
        reason=f"Started: {title}",
        token=action.token,
        attempt=1,
        lease_until=lease_until(deps, tool, now),
        sent_by=send_deadline(deps, tool, now),
        next_at=None,
    )
    body = {"args": action.args, "facts": action.facts or {}}
    note(session, deps, moved, "intent", _promise(tool), now=now, body=body)
    return moved


def _promise(tool: Tool) -> str:
    """How it is made to happen once, in words."""
    if tool.effect is Effect.READ:
        return "Reading; nothing is changed"
    return {
        Retry.IDEMPOTENT: "Sent under a key of its own: sent again, it still counts once",
        Retry.VERIFIABLE: "Sent; if no answer comes, I look before I send again",
        Retry.NEITHER: "Sent once; if no answer comes, I ask a person",
    }[tool.retry]
