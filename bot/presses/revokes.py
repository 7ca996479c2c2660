"""Revoking what was given for a time, with a button in Home: at once, by whomever it concerns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from approvals import elevation, standing
from approvals.people import Principal
from bot.deps import BotDeps
from bot.intake import take_trigger

REVOKE = "revoke"


def read_home_click(body: Mapping[str, Any]) -> str | None:
    """The row that a Revoke button of somebody's Home is about; None for any other click. Pure."""
    view, actions = body.get("view") or {}, body.get("actions") or [{}]
    value = actions[0].get("value")
    ours = view.get("type") == "home" and actions[0].get("action_id") == REVOKE
    return value[:300] if ours and isinstance(value, str) else None


def take_revoke(
    deps: BotDeps, body: Mapping[str, Any], person: Principal, row_id: str
) -> str | None:
    """Record the press and revoke; the sentence to show. None where it was recorded before."""
    now = deps.clock.now()
    with deps.db.transaction() as session:
        fresh = take_trigger(
            session,
            deps,
            kind="action",
            trigger_id=str(body.get("trigger_id")),
            user=person.slack_id,
            channel=None,
            payload={"action_id": REVOKE, "value": row_id},
            now=now,
        )
        if not fresh:
            return None
        if row_id.startswith("elev_"):
            return elevation.revoke(
                session,
                deps.log,
                elevation_id=row_id,
                workspace_id=deps.identity.team_id,
                person=person,
                now=now,
            )
        return standing.revoke(
            session, deps.log, deps.people, permission_id=row_id, person=person, now=now
        )
