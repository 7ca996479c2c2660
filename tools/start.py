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
from approvals.actions import supersede
from approvals.moves import move, row_of
from approvals.policy.judge import Verdict
from approvals.tables import Action
from core.errors import ApprovalError
from core.faultpoints import point
from core.outbox import finish
from core.posts import ask_post
from tools.calling import call_for
from tools.claim import Claim, Work, lease_until, note, postpone, send_deadline
from tools.content import same_facts, unchanged
from tools.contract import Effect, Preview, Refused, Retry, Tool, Unavailable
from tools.deps import ACTOR, Deps
from tools.gates import scopes, take_turn
from tools.holding import may_go
from tools.judging import preview_json, verdict_on
from tools.outcomes import failure
from tools.protocol import Step
from tools.reach import reach
from tools.scoped import missing_scope
from tools.stood import spend
from tools.together import held_by

#: How often something permitted looks whether a stop, or another step, still holds it.
_WHILE_HELD = timedelta(seconds=60)
#: The number of its notice: an action that waits for a silent system has another.
_LATE = 1
_OTHERS = "a step that belongs together with it was not done"


def begin(deps: Deps, work: Work) -> Claim | str:
    """Claim an allowed or approved action for its first call.

    A string names what happened instead: `held` (later), `superseded` (asked anew), `cancelled`,
    `denied` or `expired`.
    """
    action, tool, now = work.action, work.tool, deps.clock.now()
    if action.not_before is not None and action.not_before > now:
        return _put_off(deps, work, action.not_before)
    if not may_go(deps, work):
        return "held"
    if not unchanged(tool, action):
        return _supersede(deps, work, "the tool or the content changed since it was permitted")
    shown: Mapping[str, Any] = action.preview or {}
    reads = 0
    if _old(deps, tool, shown, now):
        try:
            preview = _look_again(deps, work)
        except Refused as refusal:
            return _supersede(deps, work, refusal.sentence)
        except Unavailable as error:
            return _counterpart_down(deps, work, error)
        if not same_facts(action.facts, preview.facts):
            return _supersede(deps, work, "the facts it rests on have changed")
        shown, reads = preview_json(tool, preview, read_at=_read_at(deps, tool, asked=now)), 1
    judged_anew = _judged_anew(deps, work, shown)
    if judged_anew is not None and judged_anew.kind == "deny":
        return _end(deps, work, "denied", f"Not allowed any more: {judged_anew.reason}")
    if judged_anew is not None and _asks_more(action, judged_anew):
        return _supersede(deps, work, f"the policy has changed: {judged_anew.reason}")
    return _claim(deps, work, shown, reads)


def _claim(deps: Deps, work: Work, shown: Mapping[str, Any], reads: int) -> Claim | str:
    """Claim, token, permission and intent: one transaction, committed before the call."""
    try:
        with deps.db.transaction() as session, deps.log.gathered(session) as log:
            now = deps.clock.now()
            taken = _taken(replace(deps, log=log), session, work, shown, reads, now)
    except ApprovalError as error:
        return _not_permitted(deps, work, error)
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


def _taken(  # noqa: PLR0917 - all of one claim
    deps: Deps, session: Session, work: Work, shown: Mapping[str, Any], reads: int, now: datetime
) -> Action | str:
    """The action, begun; a string when something holds it or speaks against it after all.

    `now` is read in this transaction: a worker that was held up before it sees how late it is.
    """
    action, tool = work.action, work.tool
    stopped = switches.in_force(
        session, workspace_id=action.workspace_id, scopes=scopes(action), people=deps.people
    )
    if stopped is not None and stopped.final:
        return _move_on(deps, session, work, "cancelled", stopped.sentence)
    if stopped is not None or held_by(session, action, now=now):
        why = stopped.sentence if stopped is not None else _OTHERS
        if grants.expired(session, action, now=now):
            return _too_late(deps, session, work, why)
        # Looked at again now and then; letting it go on wakes it at once.
        postpone(session, work.queued, now + _WHILE_HELD)
        return "held"
    if _old(deps, tool, shown, now):
        postpone(session, work.queued, now)  # whoever takes it next reads them again
        return "held"
    gone = grants.lapsed(session, deps.people, action, now=now)
    if gone is not None:
        return _superseded(deps, session, work, gone)
    due = take_turn(deps, session, tool, workspace_id=action.workspace_id, now=now, reads=reads)
    if due is not None:
        postpone(session, work.queued, due)
        return "held"
    lacking = missing_scope(deps, session, action, tool, work.principal, now=now)
    if lacking is not None:
        return _move_on(deps, session, work, "denied", f"Not allowed: {lacking}")
    unstood = spend(session, deps, action, now=now)
    if unstood is not None:
        return _superseded(deps, session, work, unstood)
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


def _look_again(deps: Deps, work: Work) -> Preview:
    call = call_for(
        work.action, work.tool, work.principal, limits=deps.limits, now=deps.clock.now()
    )
    if work.tool.preview is None:  # asked by `begin`
        raise Refused("nothing to look at")
    return reach(
        deps,
        work.tool,
        work.tool.preview,
        work.args,
        call,
        workspace_id=work.action.workspace_id,
        seen=work.seen,
    )


def _old(deps: Deps, tool: Tool, shown: Mapping[str, Any], now: datetime) -> bool:
    """Whether what its preview found is too old to act on."""
    if tool.preview is None:
        return False
    read_at = datetime.fromisoformat(shown["read_at"]) if "read_at" in shown else None
    return read_at is None or now - read_at > timedelta(seconds=deps.limits.facts_age_s)


def _read_at(deps: Deps, tool: Tool, *, asked: datetime) -> datetime:
    """When facts asked for then count as read: when they came, because a slow system could never
    be acted on otherwise; when they were asked for, if that is longer ago than any answer takes
    (this worker was held up, and they may have lain here)."""
    now = deps.clock.now()
    in_time = now - asked <= timedelta(seconds=deps.limits.deadline_s(tool.timeout_s))
    return now if in_time else asked


def _judged_anew(deps: Deps, work: Work, shown: Mapping[str, Any]) -> Verdict | None:
    """A new verdict when policy or people changed since the first one; None when they did not."""
    action = work.action
    digests = (action.verdict or {}).get("digests", {})
    if digests == {"policy": deps.in_force().digest, "people": deps.people.digest}:
        return None
    return verdict_on(
        deps,
        work.tool,
        action,
        work.principal,
        args=action.args,
        origins=action.origins,
        preview=shown,
        now=deps.clock.now(),
    )


def _asks_more(action: Action, verdict: Verdict) -> bool:
    """Whether the new verdict wants an approval that the action does not have."""
    if verdict.kind == "allow":
        return False
    then = action.verdict or {}
    before = [(s["who"], s["quorum"]) for s in then.get("stages", ())]
    given = before if action.status == "approved" else []
    if verdict.four_eyes and not then.get("four_eyes"):
        return True
    return [(stage.who, stage.quorum) for stage in verdict.stages] != given


def _counterpart_down(deps: Deps, work: Work, error: Unavailable) -> str:
    """Not begun, and the facts cannot be read: tried again for a while, then let go."""
    action, tries = work.action, work.action.attempt + 1
    if tries >= deps.limits.max_starts:
        return _end(deps, work, "cancelled", f"{error.sentence} Nothing was done.")
    asked = deps.limits.retry_after(error.retry_after_s)
    wait = deps.limits.backoff(tries, deps.chance())
    until = deps.clock.now() + max(wait, asked or timedelta())
    with deps.db.transaction() as session:
        row = row_of(session, action.id)
        if row.status != action.status:
            return row.status
        row.attempt = tries
        session.add(row)
        postpone(session, work.queued, until)
    return "held"


def _put_off(deps: Deps, work: Work, until: datetime) -> str:
    with deps.db.transaction() as session:
        postpone(session, work.queued, until)
    return "held"


def _supersede(deps: Deps, work: Work, reason: str) -> str:
    with deps.db.transaction() as session:
        return _superseded(deps, session, work, reason)


def _superseded(deps: Deps, session: Session, work: Work, reason: str) -> str:
    supersede(
        session,
        deps.log,
        work.action,
        now=deps.clock.now(),
        actor=ACTOR,
        reason=f"Looked at afresh: {reason}",
    )
    finish(session, work.queued, now=deps.clock.now())
    return "superseded"


def _too_late(deps: Deps, session: Session, work: Work, why: str) -> str:
    """What was permitted and did not begin in time ends, and whoever asked for it is told."""
    action = work.action
    title = (action.preview or {}).get("title", work.tool.can)
    hours = int(grants.GRANT_LIFE.total_seconds() // 3600)
    reason = (
        f"Not done: {why}, and it did not begin within {hours} hours of being permitted. "
        "If it is still wanted, please ask for it again."
    )
    if work.tool.effect is not Effect.READ:
        ask_post(
            session,
            workspace_id=action.workspace_id,
            subject=action.id,
            kind="notice",
            n=_LATE,
            channel=action.channel,
            thread_ts=action.thread_ts,
            body={"text": f"{title}. {reason}"},
            now=deps.clock.now(),
        )
    return _move_on(deps, session, work, "expired", reason)


def _not_permitted(deps: Deps, work: Work, error: ApprovalError) -> str:
    with deps.db.transaction() as session:
        if grants.expired(session, work.action, now=deps.clock.now()):
            return _too_late(deps, session, work, "it was held up")
        return _move_on(deps, session, work, "expired", f"Not done: {error.sentence}")


def _end(deps: Deps, work: Work, to: str, reason: str) -> str:
    with deps.db.transaction() as session:
        return _move_on(deps, session, work, to, reason)


def _move_on(deps: Deps, session: Session, work: Work, to: str, reason: str) -> str:
    now = deps.clock.now()
    move(
        session,
        deps.log,
        work.action,
        to,
        now=now,
        actor=ACTOR,
        reason=reason,
        outcome=failure(to, reason),
    )
    finish(session, work.queued, now=now)
    return to


def _promise(tool: Tool) -> str:
    """How it is made to happen once, in words."""
    if tool.effect is Effect.READ:
        return "Reading; nothing is changed"
    return {
        Retry.IDEMPOTENT: "Sent under a key of its own: sent again, it still counts once",
        Retry.VERIFIABLE: "Sent; if no answer comes, I look before I send again",
        Retry.NEITHER: "Sent once; if no answer comes, I ask a person",
    }[tool.retry]
