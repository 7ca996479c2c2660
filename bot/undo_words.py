"""The Undo button and the words beside it, for cards, answers and notes of what waits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, select

from approvals.people import People
from approvals.switches import in_force
from approvals.tables import Action, Compensation, title_of
from approvals.together import belonging, together_id, waits_for
from approvals.undoing import IN_VAIN, unasked, wanted_by
from approvals.windows import undo_of, undo_until, window
from bot.blocks.parts import Press
from bot.outcomes import done_words
from bot.words import clock_time, day_time
from tools.gates import scopes


def undo_button(session: Session, people: People, action: Action, *, now: datetime) -> Press | None:
    """[Undo] while this can be taken back and nobody has begun to; None otherwise."""
    if window(action, now=now) is None:
        return None
    former = undo_of(session, action.id)
    if former is not None and former.status not in IN_VAIN:
        return None
    return Press("Undo", "undo", action.id)


def undone_words(session: Session, people: People, action: Action, *, now: datetime) -> str | None:
    """How it stands with taking this back; None where nobody wanted it and it is not held."""
    tz = _tz(people, action)
    held = window(action, now=now)
    if held is not None and held.kind == "held":
        at = clock_time(held.until, tz, seconds=True)
        return f"begins at {at} and can be taken back until then"
    undo = undo_of(session, action.id)
    if undo is None:
        return None
    at = clock_time(undo.settled_at, tz) if undo.settled_at else ""
    if unasked(undo):
        return _by_itself(session, action, undo, at)
    person = people.by_id(wanted_by(undo))
    who = person.first_name if person else "somebody"
    if undo.status == "succeeded":
        return f"undone by {who} {at}"
    if undo.status in IN_VAIN:
        return f"{who} wanted it undone: {_IN_VAIN[undo.status]} {at}"
    if undo.status == "unknown":
        return f"{who} wanted it undone: not known whether that happened"
    return f"{who} wants it undone"


def _by_itself(session: Session, action: Action, undo: Action, at: str) -> str:
    """The same where no person wanted it: what it was undone for."""
    query = select(Compensation).where(Compensation.turn_id == action.turn_id)
    failed = next((row.failed_id for row in session.exec(query) if action.id in row.steps), None)
    step = session.get(Action, failed) if failed else None
    why = f"because “{title_of(step)}” was not done" if step else "as it was stopped halfway"
    if undo.status == "succeeded":
        return f"undone by itself {at}, {why}"
    if undo.status in IN_VAIN:
        return f"was to be undone by itself, {why}: {_IN_VAIN[undo.status]} {at}"
    if undo.status == "unknown":
        return f"was to be undone by itself, {why}: not known whether that happened"
    return f"is being undone by itself, {why}"


def span_words(people: People, action: Action, now: datetime) -> str:
    """`can be undone until 14:12`, or nothing once that time is over."""
    until = undo_until(action)
    if until is None or until <= now:
        return ""
    return f"can be undone until {day_time(until, _tz(people, action), now)}"


def how_it_stands(
    session: Session, people: People, action: Action, *, now: datetime
) -> Sequence[str]:
    """What became of something permitted: `refunded 14:02, once`, `re_83`, `can be undone until
    14:12`."""
    undoing = undone_words(session, people, action, now=now)
    if action.status in ("allowed", "approved"):
        stop = in_force(
            session, workspace_id=action.workspace_id, scopes=scopes(action), people=people
        )
        if stop is not None or undoing:
            return [f"waits: {stop.sentence}" if stop else str(undoing)]
        if together_id(action) is not None:
            first = waits_for(belonging(session, action), action.id)
            if first is not None:
                unclear = ", of which it is not known whether it happened: see my question"
                return [
                    f"waits for “{title_of(first)}”{unclear if first.status == 'unknown' else ''}"
                ]
    said = undoing or span_words(people, action, now)
    return [*done_words(action, _tz(people, action)), *([said] if said else [])]


def together_words(action: Action) -> str:
    """What an open card says of the steps that belong together with this one; empty without any."""
    steps, final = (int((action.together or {}).get(name, 0)) for name in ("steps", "final"))
    if together_id(action) is None:
        return ""
    told = (
        f"1 of {steps} steps that belong together: they begin once all are permitted, and if one "
        "fails, those done are undone, the last first."
    )
    return f"{told} {final} of the {steps} cannot be undone." if final else told


def for_how_long(verdict: dict[str, object] | None, undo: str) -> str:
    """`yes, cancel it (for 10 minutes)`: what an open card says of undoing."""
    seconds = int(str((verdict or {}).get("undo_s") or 0))
    held = int(str((verdict or {}).get("hold_s") or 0))
    if held:
        return f"{undo}; it waits {_span(held)} first, and can be taken back until then"
    return f"{undo} (for {_span(seconds)})" if seconds and undo.startswith("yes") else undo


def _span(seconds: int) -> str:
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        if seconds % size == 0:
            count = seconds // size
            return f"{count} {name}{'' if count == 1 else 's'}"
    return f"{seconds} seconds"


def _tz(people: People, action: Action) -> str:
    asker = people.by_id(action.principal_id)
    return asker.tz if asker else "UTC"


_IN_VAIN = {
    "denied": "not allowed",
    "rejected": "rejected",
    "expired": "nobody answered in time",
    "cancelled": "stopped",
    "failed": "it could not be",
}
