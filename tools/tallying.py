"""Where limits over time meet actions: summed up when one is judged, and again when one begins.

Several may have been judged at once, each fitting alone. So the last look is in the transaction
that begins one, and one transaction at a time takes it: no limit is ever overrun, and who comes too
late is asked about.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from approvals.policy.judge import REQUESTER, Verdict
from approvals.policy.limits import Limit, SoFar
from approvals.so_far import Asked, so_far
from approvals.tables import Action
from tools.buckets import hold
from tools.claim import Work
from tools.contract import Tool
from tools.deps import Deps
from tools.judging import verdict_on
from tools.stood import STOOD_ON

#: Whoever sums up before it begins something holds this.
_LIMITS = "limits"


def tallied(
    deps: Deps,
    session: Session,
    tool: Tool,
    action: Action,
    args: Mapping[str, Any],
    *,
    waiting: bool,
    now: datetime,
) -> dict[Limit, SoFar]:
    """What counts for each limit that the policy states about this tool; see `so_far`."""
    limits = deps.in_force().limits_on(tool.name)
    tools = deps.registry.tools
    named = {
        limit: [each.name for each in tools if limit.covers(each.name, each.effect.value)]
        for limit in limits
    }
    asked = Asked(action.id, action.workspace_id, action.principal_id, action.automation, args)
    return so_far(session, named, asked, waiting=waiting, now=now)


def beyond(
    deps: Deps, session: Session, work: Work, shown: Mapping[str, Any], *, now: datetime
) -> Verdict | None:
    """The verdict by what was begun until now, where it wants more than was answered; else None.

    For the transaction that begins it: whatever else is about to begin under a limit waits.
    """
    action, tool = work.action, work.tool
    if not deps.in_force().limits_on(tool.name):
        return None
    hold(session, workspace_id=action.workspace_id, name=_LIMITS, now=now)
    counted = tallied(deps, session, tool, action, action.args, waiting=False, now=now)
    verdict = verdict_on(
        deps,
        tool,
        action,
        work.principal,
        args=action.args,
        origins=action.origins,
        preview=shown,
        so_far=counted,
        now=now,
    )
    return verdict if _wants_more(action, verdict) else None


def _wants_more(action: Action, verdict: Verdict) -> bool:
    """Whether it is refused, or somebody is to be asked who was not."""
    if verdict.kind != "ask":
        return verdict.kind == "deny"
    then = action.verdict or {}
    if action.status != "approved" and STOOD_ON not in then:
        return True
    if verdict.four_eyes and not then.get("four_eyes"):
        return True
    answered = {stage["who"]: stage["quorum"] for stage in then.get("stages", ())}
    others = [stage for stage in verdict.stages if stage.who != REQUESTER]
    return any(answered.get(stage.who, 0) < stage.quorum for stage in others)
