"""A proposal looked into: arguments checked, effect previewed, facts pinned, policy asked.

Nothing is written, and no transaction is open while a connector is called.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from approvals.by_hand import by_hand
from approvals.editing import typed_in_edits
from approvals.named_in import named_in
from approvals.origins import label
from approvals.policy.judge import Verdict
from approvals.undoing import undone_action
from tools import undoing
from tools.calling import call_for
from tools.claim import Proposal
from tools.content import alike_digest, as_shown, content_digest, plain
from tools.contract import Arguments, Effect, Preview
from tools.deps import Deps
from tools.gates import take_look
from tools.holding import waits_until
from tools.judging import may_change, plain_preview, preview_json, verdict_on
from tools.reach import reach
from tools.tallying import tallied


@dataclass(frozen=True)
class Pinned:
    """What the row is given before it is allowed, asked about or denied."""

    columns: dict[str, Any]
    verdict: Verdict


def pin(deps: Deps, proposal: Proposal) -> Pinned:
    """Everything that is read and judged. Raises `Refused`, `Unavailable`, or `NotCanonical` for a
    preview whose facts are not plain JSON."""
    action, tool, principal = proposal.action, proposal.tool, proposal.principal
    args = as_shown(tool, action.args)
    read_at = deps.clock.now()
    preview = _preview(deps, proposal, args)
    deps = deps.for_one_judgement()
    arguments, facts = plain(args), dict(preview.facts)
    shown = preview_json(tool, preview, read_at=read_at)
    with deps.db.read() as session:
        texts = deps.evidence(session, action)
        done = undone_action(session, action) if action.undoes else None
        counted = tallied(deps, session, tool, action, arguments, waiting=True, now=read_at)
    found = label(arguments, texts) | by_hand(action, arguments) | typed_in_edits(action)
    origins = {pointer: origin.value for pointer, origin in found.items()}
    if done is not None:
        origins = undoing.origins_of(done, origins)
        shown = undoing.told(shown, deps.people, action, done)
    elif others := named_in(arguments, origins, texts, deps.people):
        shown = {**shown, "named_in": others}
    verdict = verdict_on(
        deps,
        tool,
        action,
        principal,
        args=arguments,
        origins=origins,
        preview=shown,
        so_far=counted,
        now=deps.clock.now(),
    )
    if done is not None:
        changes = undoing.changes_since(deps.registry, done, facts)
        verdict = undoing.asked_because(verdict, changes)
    columns = {
        "tool_version": tool.version,
        "args": arguments,
        "origins": origins,
        "facts": facts,
        "preview": may_change(shown, verdict),
        "digest": content_digest(tool, args=arguments, principal_id=principal.id, facts=facts),
        "alike": alike_digest(tool, arguments),
        "attempt": 0,
    }
    return Pinned(columns, verdict)


def waits(deps: Deps, proposal: Proposal) -> datetime | None:
    """Until when its connector is left alone or called often enough; None when it may be looked
    into."""
    tool = proposal.tool
    if tool.preview is None and tool.effect is not Effect.READ:
        return None  # nothing is called before it is permitted
    until = waits_until(deps, proposal.seen, tool)
    if until is not None or tool.preview is None:
        return until
    with deps.db.transaction() as session:
        now = deps.clock.now()
        return take_look(deps, session, tool, workspace_id=proposal.action.workspace_id, now=now)


def _preview(deps: Deps, proposal: Proposal, args: Arguments) -> Preview:
    action, tool = proposal.action, proposal.tool
    if tool.preview is None:
        return plain_preview(tool)
    call = call_for(action, tool, proposal.principal, limits=deps.limits, now=deps.clock.now())
    return reach(
        deps,
        tool,
        tool.preview,
        args,
        call,
        workspace_id=action.workspace_id,
        seen=proposal.seen,
    )
