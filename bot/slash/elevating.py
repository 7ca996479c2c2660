"""`/signoff elevate SCOPE 2h [for WHOM]`: a scope for a time, asked of others like any action."""

from __future__ import annotations

import re
from collections.abc import Sequence

from approvals.actions import Proposed
from approvals.by_hand import propose_by_hand
from approvals.elevation import ASSISTANT, AUTOMATION, LONGEST, check, has
from approvals.floors import ELEVATE
from bot.blocks.text import escape
from bot.slash.command import Command
from core.errors import ApprovalError
from tools.scoped import own_scopes

_SPAN = re.compile(r"(\d{1,3})\s*(h|hours?|m|min|minutes?)")
_USAGE = (
    "Write it like /signoff elevate shop:stock 2h, and for somebody else "
    "/signoff elevate shop:stock 2h for sam."
)


def elevate_lines(asked: Command) -> Sequence[str]:
    """Ask for it, its card where it is asked."""
    words = asked.words.removesuffix(".").split(" for ", 1)
    scope, _, span = words[0].strip().partition(" ")
    holder = words[1].strip() if len(words) > 1 else asked.person.id
    match = _SPAN.fullmatch(span.strip())
    if not match:
        return [escape(_USAGE)]
    minutes = int(match[1]) * (60 if match[2].startswith("h") else 1)
    known = sorted({scope for tool in asked.deps.registry.tools for scope in tool.scopes})
    if scope not in known:
        return [escape(f"I know no scope {scope[:60]}. There are {', '.join(known)}.")]
    own = own_scopes(asked.deps.registry, ASSISTANT, asked.deps.automations)
    if holder == f"{AUTOMATION}{ASSISTANT}" and has(own, scope):
        told = f"The assistant may use {scope} already, for whoever may themselves."
        return [escape(told)]
    try:
        named = check(asked.deps.people, holder, scope, minutes)
    except ApprovalError as error:
        return [escape(error.sentence)]
    if asked.again:
        return ["I have asked for it already."]
    propose_by_hand(
        asked.session,
        asked.deps.log,
        Proposed(
            ELEVATE,
            "1.0.0",
            {"scope": scope, "holder": holder, "minutes": minutes},
            f"Give {named} {scope} for a time",
        ),
        key=asked.key,
        principal_id=asked.person.id,
        workspace_id=asked.deps.identity.team_id,
        channel=asked.channel,
        thread_ts=None,
        now=asked.now,
    )
    most = int(LONGEST.total_seconds() // 3600)
    return [
        escape(f"I ask whether {named} may use {scope} ({most} h at most). The card comes here.")
    ]
