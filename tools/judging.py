"""From a preview to a verdict: the plain facts that policy judges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from approvals.editing import agreed_by_asker
from approvals.overseeing import overseen
from approvals.people import Principal
from approvals.policy.judge import Verdict, judge
from approvals.policy.limits import Limit, SoFar
from approvals.review import reviewed
from approvals.subjects import subject_of
from approvals.tables import Action
from tools.contract import Preview, Tool
from tools.deps import Deps


def preview_json(tool: Tool, preview: Preview, *, read_at: datetime) -> dict[str, Any]:
    """What the card shows and policy judged, as plain JSON; the facts lie beside it.

    With what the tool declared then: a later policy is tried on what was judged.
    """
    amount = preview.amount
    return {
        "title": preview.title,
        "verb": preview.verb,
        "details": [[label, value] for label, value in preview.details],
        "amount": {"minor": amount.minor, "currency": amount.currency} if amount else None,
        "outside": preview.outside,
        "own": preview.own,
        "recipients": list(preview.recipients),
        "undo": preview.undo,
        "authority": list(tool.authority),
        "read_at": read_at.isoformat(),
        **({"diff": preview.diff} if preview.diff else {}),
        **({"editable": list(tool.editable)} if tool.editable else {}),
    }


def may_change(shown: Mapping[str, Any], verdict: Verdict) -> Mapping[str, Any]:
    """This preview (`preview_json`) with those of the tool's fields that the policy lets approvers
    change."""
    if verdict.editable is None or "editable" not in shown:
        return shown
    return {**shown, "editable": [name for name in shown["editable"] if name in verdict.editable]}


def plain_preview(tool: Tool) -> Preview:
    """Of a read that declares none: its own words."""
    return Preview(title=tool.can[:1].upper() + tool.can[1:], verb="look", own=False)


def verdict_on(
    deps: Deps,
    tool: Tool,
    action: Action,
    principal: Principal,
    *,
    args: Mapping[str, Any],
    origins: Mapping[str, str],
    preview: Mapping[str, Any],
    so_far: Mapping[Limit, SoFar],
    now: datetime,
) -> Verdict:
    """Policy's verdict on this action as previewed (`preview_json`), with what went through so far
    for each limit over time (`tools.tallying`)."""
    subject = subject_of(
        tool=tool.name,
        effect=tool.effect.value,
        args=args,
        principal=principal,
        channel=action.channel,
        automation=action.automation,
        origins=origins,
        authority=tool.authority,
        preview=preview,
        undoes=action.undoes is not None,
        at=now,
        so_far=so_far,
    )
    verdict = judge(deps.in_force(), deps.people, subject)
    if tool.about_people:
        verdict = overseen(verdict, deps.in_force().default_stages)
    if not action.edits:
        verdict = reviewed(verdict, subject, day=action.created_at, number=deps.log.number)
    verdict = agreed_by_asker(verdict, action, deps.people)
    if deps.floor is not None:
        verdict = deps.floor(subject, verdict)
    return _with_windows(deps, tool, action, verdict)


def _with_windows(deps: Deps, tool: Tool, action: Action, verdict: Verdict) -> Verdict:
    """Both spans as seconds: what the policy leaves open, the tool declares."""
    hold_s, undo_s = verdict.hold_s, verdict.undo_s
    if hold_s is None:
        hold_s = round(tool.hold_s * deps.limits.hold_factor)
    if tool.undo is None or action.undoes is not None:
        undo_s = 0  # what takes something back is not taken back itself: it is asked for anew
    elif undo_s is None:
        undo_s = tool.undo_window_s
    return replace(verdict, hold_s=hold_s, undo_s=undo_s)
