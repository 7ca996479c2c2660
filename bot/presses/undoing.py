"""Undo as people meet it: the button and its time on cards and answers, the press, and the news."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from approvals.people import People
from approvals.tables import Action, Request, title_of
from approvals.undoing import IN_VAIN, unasked, undone_action, wanted_by
from approvals.windows import undo_of, undo_until
from bot.blocks.parts import Press
from bot.blocks.undo import HeldNote, NotUndone
from bot.cards import Unrenderable
from bot.presses.clicks import Pressed, press_on, stands
from bot.undo_words import how_it_stands, span_words, undo_button, undone_words
from bot.words import day_time
from tools.undoing import press_undo

#: Messages on which the button stands, with the action itself as their subject.
_KINDS = ("card", "status", "held")


def _offered(press: Pressed) -> bool:
    """Whether the message that was clicked offers to undo this very action."""
    action = press.session.get(Action, press.click.value)
    if action is None:
        return False
    if stands(press, _KINDS, action.id):
        return True
    if action.turn_id and stands(press, ("answer",), action.turn_id):
        return True
    undo = undo_of(press.session, action.id)
    return undo is not None and stands(press, ("not_undone",), undo.id)


@press_on(_offered)
def take_undo(press: Pressed) -> str | None:
    """Take the action back; the sentence to tell."""
    pressed = press_undo(
        press.session,
        press.deps.log,
        press.deps.people,
        press.deps.registry,
        action_id=press.click.value,
        person=press.person,
        now=press.now,
    )
    if pressed.until is None:
        return pressed.sentence
    until = day_time(pressed.until, press.person.tz, press.now)
    return f"This could be undone until {until}; that time is over. Nothing was changed."


def undoable_of_turn(
    session: Session, people: People, turn_id: str, *, now: datetime
) -> Sequence[tuple[str, Press | None]]:
    """For an answer: what was done in this turn without a card and may be undone, or was.

    A line each, and the button that goes with it.
    """
    asked = select(Request.action_id)
    query = select(Action).where(
        Action.turn_id == turn_id,
        Action.status == "succeeded",
        col(Action.undoes).is_(None),
        col(Action.id).not_in(asked),
    )
    found = []
    for action in session.exec(query.order_by(col(Action.step), col(Action.call))):
        if undo_until(action) is None or action.not_before is not None:
            continue  # it cannot be put back, or a message of its own has the button
        words = undone_words(session, people, action, now=now)
        press = undo_button(session, people, action, now=now)
        if words or press:
            found.append((f"{title_of(action)}: {words or span_words(people, action, now)}", press))
    return found


def held_view(session: Session, people: People, action_id: str, *, now: datetime) -> HeldNote:
    """What the message about a held action tells now. Raises `Unrenderable`."""
    action = session.get(Action, action_id)
    if action is None:
        raise Unrenderable()
    press = undo_button(session, people, action, now=now)
    line = " · ".join(how_it_stands(session, people, action, now=now))
    return HeldNote(action.id, title_of(action), line, (press,) if press else ())


def not_undone_view(session: Session, people: People, undo_id: str, *, now: datetime) -> NotUndone:
    """What is told of an undo that came to nothing. Raises `Unrenderable`."""
    undo = session.get(Action, undo_id)
    if undo is None or (undo.undoes is None and undo.status not in IN_VAIN):
        raise Unrenderable()
    person = people.by_id(undo.principal_id if unasked(undo) else wanted_by(undo))
    press = None
    if undo.undoes is not None:
        press = undo_button(session, people, undone_action(session, undo), now=now)
    outcome = undo.outcome or {}
    reason = (undo.verdict or {}).get("reason")
    why = str(outcome.get("message") or reason or "It could not be done.")
    again = "You can try again" if press else "I can do no more by myself"
    return NotUndone(
        action_id=undo.id,
        user=person.slack_id if person else None,
        title=title_of(undo).removeprefix("Undo: "),
        why=why if why.endswith((".", "!", "?")) else f"{why[:1].upper()}{why[1:]}.",
        then=f"Nothing was changed. {again}: what should happen now?",
        offers=(press,) if press else (),
    )
