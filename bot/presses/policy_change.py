"""`/signoff policy`: the policy in force in a form, and what was made of it asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from approvals.actions import Proposed
from approvals.by_hand import propose_by_hand
from approvals.floors import SET_POLICY
from approvals.people import Principal
from approvals.policy.asked import checked
from approvals.policy.versions import current_text, newest_version
from bot.blocks.policy import joined, part_of_line, parts_of
from bot.deps import BotDeps
from bot.presses.submitted import Answered, Submitted, record_submission
from bot.words import clock_time, first_name, storable
from core.configfile import text_digest
from core.errors import ApprovalError, ConfigError

_LINE = re.compile(r"line (\d+)")
_TOO_LONG = "The policy is too long for a form here. Change the file and run signoff release."


@dataclass(frozen=True)
class Form:
    """The policy in force, in parts, and its digest: what is sent must be made of this one."""

    parts: list[str]
    digest: str


def policy_form(deps: BotDeps) -> Form | str:
    """What the form is filled with; or why it cannot be shown."""
    try:
        with deps.db.read() as session:
            text = current_text(session, workspace_id=deps.identity.team_id)
    except ApprovalError as error:
        return error.sentence
    parts = parts_of(text)
    return _TOO_LONG if parts is None else Form(parts, text_digest(text))


def submit_policy(deps: BotDeps, body: Mapping[str, Any], person: Principal) -> Answered:
    """Check the text and ask for it, in one transaction with the record of it. What is wrong is
    said at the part that holds it, with its line in the whole; the form keeps what was typed."""
    view = body.get("view") or {}
    text, names = joined(view)
    text = storable(text)
    if not names:
        return Answered(sentence=_TOO_LONG)
    made_of, _, channel = str(view.get("private_metadata") or "").partition(" ")
    try:
        with deps.db.read() as session:
            stale = _stale(session, deps, made_of, person)
            if stale is None:
                checked(session, deps.people, text)[0].check_tools(deps.registry.tools)
    except (ApprovalError, ConfigError) as error:
        found = _LINE.search(error.sentence)
        place = part_of_line(view, int(found[1])) if found else names[0]
        return Answered(problems={place: error.sentence})
    now, submitted = deps.clock.now(), Submitted.of(body)
    with deps.db.transaction() as session:
        stale = stale or _stale(session, deps, made_of, person)
        if stale is not None:
            return Answered(problems={names[0]: stale})
        fresh = record_submission(session, deps, submitted, {"policy": "changed"}, now=now)
        if fresh:
            propose_by_hand(
                session,
                deps.log,
                Proposed(SET_POLICY, "1.0.0", {"text": text}, "Put another policy in force"),
                key=submitted.trigger_id,
                principal_id=person.id,
                workspace_id=deps.identity.team_id,
                channel=channel or person.slack_id,
                thread_ts=None,
                now=now,
            )
    return Answered()


def _stale(session: Session, deps: BotDeps, made_of: str, person: Principal) -> str | None:
    """What to tell somebody who changed another version than the one in force; else None."""
    newest = newest_version(session, workspace_id=deps.identity.team_id)
    if newest is None or newest.digest == made_of:
        return None
    author = deps.people.by_id(newest.by)
    by = f"by {first_name(author.name)}" if author else "by a release"
    return (
        f"The policy was changed {by} at {clock_time(newest.at, person.tz)}, after this form was "
        "opened. Nothing is asked for. Your text stays here: copy it, open /signoff policy again "
        "and change the one in force."
    )
