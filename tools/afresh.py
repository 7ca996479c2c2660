"""What a permitted action rests on, looked at again before it begins: its facts and the policy."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from approvals.policy.judge import Verdict
from approvals.tables import Action
from tools.calling import call_for
from tools.claim import Work
from tools.contract import Preview, Refused, Tool
from tools.deps import Deps
from tools.judging import verdict_on
from tools.reach import reach
from tools.tallying import tallied


def look_again(deps: Deps, work: Work) -> Preview:
    """Its preview as it would be now. Raises `Refused` or `Unavailable`."""
    call = call_for(
        work.action, work.tool, work.principal, limits=deps.limits, now=deps.clock.now()
    )
    if work.tool.preview is None:  # then nothing it shows grows old
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


def too_old(deps: Deps, tool: Tool, shown: Mapping[str, Any], now: datetime) -> bool:
    """Whether what its preview found is too old to act on."""
    if tool.preview is None:
        return False
    read_at = datetime.fromisoformat(shown["read_at"]) if "read_at" in shown else None
    return read_at is None or now - read_at > timedelta(seconds=deps.limits.facts_age_s)


def counts_from(deps: Deps, tool: Tool, *, asked: datetime) -> datetime:
    """When facts asked for at that time count as read: when they came, because a slow system could
    never be acted on otherwise; when they were asked for, if that is longer ago than any answer
    takes (this worker was held up, and they may have lain here)."""
    now = deps.clock.now()
    in_time = now - asked <= timedelta(seconds=deps.limits.deadline_s(tool.timeout_s))
    return now if in_time else asked


def judged_anew(deps: Deps, work: Work, shown: Mapping[str, Any]) -> Verdict | None:
    """A new verdict when policy or people changed since the first one, or when the policy refuses
    it at this hour; None when they did not."""
    action, policy = work.action, deps.in_force()
    digests = (action.verdict or {}).get("digests", {})
    same = digests == {"policy": policy.digest, "people": deps.people.digest}
    if same and not policy.asks_time:
        return None
    with deps.db.read() as session:
        counted = tallied(
            deps, session, work.tool, action, action.args, waiting=False, now=deps.clock.now()
        )
    verdict = verdict_on(
        deps,
        work.tool,
        action,
        work.principal,
        args=action.args,
        origins=action.origins,
        preview=shown,
        so_far=counted,
        now=deps.clock.now(),
    )
    # Under the same files whoever was to be asked was asked: only a refusal is new.
    return verdict if not same or verdict.kind == "deny" else None


def asks_more(action: Action, verdict: Verdict) -> bool:
    """Whether the new verdict wants an approval that the action does not have."""
    if verdict.kind == "allow":
        return False
    then = action.verdict or {}
    before = [(s["who"], s["quorum"]) for s in then.get("stages", ())]
    given = before if action.status == "approved" else []
    if verdict.four_eyes and not then.get("four_eyes"):
        return True
    return [(stage.who, stage.quorum) for stage in verdict.stages] != given
