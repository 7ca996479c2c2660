"""Actions that a person filled in themselves: no model wrote them, and their values are theirs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from approvals.actions import Proposed, insert, plain
from approvals.tables import Action
from audit.log import Log
from core.ids import derive_id
from core.origins import Origin

#: What runs when a person fills something in, in place of an automation.
BY_HAND = "by-hand"


def propose_by_hand(
    session: Session,
    log: Log,
    call: Proposed,
    *,
    key: str,
    principal_id: str,
    workspace_id: str,
    channel: str,
    thread_ts: str | None,
    now: datetime,
) -> Action:
    """An action that a person filled in themselves, in a form or a command: no model wrote it.

    `key` tells one submission from another: the same one makes one action.
    """
    row = Action(
        id=derive_id("act", BY_HAND, key),
        workspace_id=workspace_id,
        principal_id=principal_id,
        channel=channel,
        thread_ts=thread_ts,
        automation=BY_HAND,
        tool=call.tool,
        tool_version=call.tool_version,
        args=plain(dict(call.args)),
        origins={},
        preview={"title": call.title} if call.title else None,
        created_at=now,
    )
    return insert(session, log, row, f"Asked for: {call.title or call.tool}", now=now)


def by_hand(action: Action, args: Mapping[str, Any]) -> dict[str, Origin]:
    """JSON pointer of each argument of an action that a person filled in -> theirs, where they
    left it empty too; nothing for any other action."""
    return {f"/{name}": Origin.REQUESTER for name in args if action.automation == BY_HAND}
