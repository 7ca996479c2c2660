"""Presses under the question whether something happened: an answer, or *Look again*."""

from __future__ import annotations

from approvals.tables import Action
from approvals.unknowns import answer_unknown, may_settle
from bot.presses.clicks import Pressed, message, press_on
from core.outbox import enqueue


@press_on(message("question"))
def take_answer(press: Pressed, *, happened: bool) -> str | None:
    """Record what a person found out about an action of unknown outcome."""
    answered = answer_unknown(
        press.session,
        press.deps.log,
        action_id=press.click.value,
        person=press.person,
        happened=happened,
        now=press.now,
    )
    return answered.sentence


@press_on(message("question"))
def take_look(press: Pressed) -> str:
    """Queue one more look by the tool worker; what to tell."""
    session, person = press.session, press.person
    action = session.get_one(Action, press.click.value)
    if not may_settle(action, person):
        return "Only the asker, the approvers or an operator can have it looked up."
    if action.status != "unknown":
        return "This is settled already: see above."
    enqueue(
        session,
        workspace_id=action.workspace_id,
        job="look",
        subject=action.id,
        key=f"{action.id}:look:{press.click.trigger_id}",
        args={"action_id": action.id},
        now=press.now,
    )
    press.deps.log.record(
        session,
        workspace_id=action.workspace_id,
        type="bot:question:look",
        subject=action.id,
        actor=person.id,
        at=press.now,
        reason=f"{person.first_name} asked to have it looked up again",
        turn_id=action.turn_id,
        action_id=action.id,
    )
    return "I am looking. What I find stands in the question in a moment."
