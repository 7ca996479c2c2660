"""A press on "Look again" under the question whether something happened."""

from __future__ import annotations

from approvals.people import Principal
from approvals.tables import Action
from approvals.unknowns import may_settle
from bot.deps import BotDeps
from bot.presses.clicks import STRANGER, Click, record_click, stands
from core.outbox import enqueue


def take_look(deps: BotDeps, click: Click, person: Principal) -> str | None:
    """Queue one more look by the tool worker; what to tell, or None for a duplicate."""
    now = deps.clock.now()
    with deps.db.transaction() as session:
        if not record_click(session, deps, click, now):
            return None
        action = session.get(Action, click.value)
        if action is None or not stands(session, deps, click, ("question",), action.id):
            return STRANGER
        if not may_settle(action, person):
            return "Only the asker, the approvers or an operator can have it looked up."
        if action.status != "unknown":
            return "This is settled already: see above."
        enqueue(
            session,
            workspace_id=action.workspace_id,
            job="look",
            subject=action.id,
            key=f"{action.id}:look:{click.trigger_id}",
            args={"action_id": action.id},
            now=now,
        )
        deps.log.record(
            session,
            workspace_id=action.workspace_id,
            type="bot:question:look",
            subject=action.id,
            actor=person.id,
            at=now,
            reason=f"{person.first_name} asked to have it looked up again",
            turn_id=action.turn_id,
            action_id=action.id,
        )
    return "I am looking. What I find stands in the question in a moment."
