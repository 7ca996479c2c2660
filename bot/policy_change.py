"""`/signoff policy`: the policy in force in a form, and what was made of it asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from approvals.actions import Proposed, propose_by_hand
from approvals.people import Principal
from approvals.policy_asked import SET_POLICY, checked
from approvals.policy_versions import current_text
from bot.blocks.policy import joined, part_of_line, parts_of
from bot.deps import BotDeps
from bot.edits import Answered
from bot.submitted import Submitted, record_submission
from bot.words import storable
from core.errors import ApprovalError, ConfigError

_LINE = re.compile(r"line (\d+)")
_TOO_LONG = "The policy is too long for a form here. Change the file and run signoff release."


def policy_parts(deps: BotDeps) -> list[str] | str:
    """The policy in force, in parts; or why it cannot be shown."""
    try:
        with deps.db.read() as session:
            text = current_text(session, workspace_id=deps.identity.team_id)
    except ApprovalError as error:
        return error.sentence
    return parts_of(text) or _TOO_LONG


def submit_policy(deps: BotDeps, body: Mapping[str, Any], person: Principal) -> Answered:
    """Check the text and ask for it, in one transaction with the record of it. What is wrong is
    said at the part that holds it, with its line in the whole."""
    view = body.get("view") or {}
    text, names = joined(view)
    text = storable(text)
    if not names:
        return Answered(sentence=_TOO_LONG)
    try:
        with deps.db.read() as session:
            checked(session, deps.people, text)
    except (ApprovalError, ConfigError) as error:
        found = _LINE.search(error.sentence)
        place = part_of_line(view, int(found[1])) if found else names[0]
        return Answered(problems={place: error.sentence})
    now, submitted = deps.clock.now(), Submitted.of(body)
    channel = str(view.get("private_metadata") or "") or person.slack_id
    with deps.db.transaction() as session:
        fresh = record_submission(session, deps, submitted, {"policy": "changed"}, now=now)
        if fresh:
            propose_by_hand(
                session,
                deps.log,
                Proposed(SET_POLICY, "1.0.0", {"text": text}, "Put another policy in force"),
                key=submitted.trigger_id,
                principal_id=person.id,
                workspace_id=deps.identity.team_id,
                channel=channel,
                thread_ts=None,
                now=now,
            )
    return Answered()
