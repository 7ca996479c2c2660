"""Several steps taken back, as people meet it: the offer, its buttons, and how far it has come."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from approvals.people import People
from approvals.tables import Action, Compensation, title_of
from approvals.together import belonging
from approvals.undoing import IN_VAIN, taken_back
from approvals.windows import undo_of
from bot.blocks.compensation import Offer
from bot.blocks.parts import Press
from bot.bootstrap import Floor
from bot.cards import Unrenderable
from bot.presses.clicks import Pressed, message, press_on
from core.ids import derive_id
from core.outbox import finish, open_rows
from graphs.runtime.states import TERMINAL
from graphs.runtime.tables import Turn
from tools.compensating import KIND, decide_back
from tools.offering import offer


class Offers:
    """The job `offer_back`: once a turn has ended after a failure or a stop."""

    def __init__(self, floor: Floor, *, automatic: bool) -> None:
        self._floor, self._automatic = floor, automatic

    def run(self, turn_id: str) -> str:
        """Offer to take back what was done; `held` while the turn goes on: it may mend it."""
        floor, subject = self._floor, derive_id("comp", turn_id)
        with floor.db.transaction() as session:
            turn = session.get(Turn, turn_id)
            if turn is not None and turn.status not in TERMINAL:
                return "held"  # its row stays open
            queued = open_rows(session, job="offer_back", subject=subject)
            now = floor.clock.now()
            row = offer(
                session,
                floor.log,
                floor.registry,
                turn_id=turn_id,
                automatic=self._automatic,
                now=now,
            )
            finish(session, queued, now=now)
            return "nothing" if row is None else row.status


_ASKED = ("offered", "stuck")
#: How a step ended that did not fail.
_ENDED = {
    "rejected": "was not approved.",
    "expired": "was not done in time.",
    "denied": "was not allowed.",
    "cancelled": "was stopped.",
}


@press_on(message(KIND))
def take_back(press: Pressed, *, back: bool) -> str | None:
    """A press on [Undo] or [Keep]; the sentence to tell."""
    return decide_back(
        press.session,
        press.deps.log,
        press.deps.people,
        press.deps.registry,
        compensation_id=press.click.value,
        person=press.person,
        back=back,
        now=press.now,
    )


def offer_view(session: Session, people: People, compensation_id: str) -> Offer:
    """What the offer tells now. Raises `Unrenderable`."""
    row = session.get(Compensation, compensation_id)
    if row is None:
        raise Unrenderable()
    steps = [session.get_one(Action, step) for step in row.steps]
    stands = _standing(session, row)
    asker = people.by_id((steps or stands)[0].principal_id)
    asked = row.status in _ASKED or (row.status == "done" and bool(stands))
    told = [f"{title_of(step)}{_how(session, step, row)}" for step in steps]
    return Offer(
        user=asker.slack_id if asker and asked else None,
        why=_why(session, row),
        head="Done since then:" if row.back_to is not None else "Done before that:",
        steps=(*told, *(f"{title_of(step)}: cannot be undone" for step in stands)),
        line=_line(people, row, stands),
        offers=_presses(row),
    )


def _standing(session: Session, row: Compensation) -> list[Action]:
    """What was done of steps that belong together and cannot be taken back."""
    failed = session.get(Action, row.failed_id) if row.failed_id else None
    if row.together_id is None or failed is None:
        return []
    steps = belonging(session, failed)
    done = [one for one in steps if one.status == "succeeded" and one.id not in row.steps]
    return [one for one in done if not taken_back(session, one)]


def _why(session: Session, row: Compensation) -> str:
    failed = session.get(Action, row.failed_id) if row.failed_id else None
    if failed is None:
        return row.occasion or "This was stopped halfway."
    message = str((failed.outcome or {}).get("message") or "it could not be done")
    said = f"{title_of(failed)} {_ENDED.get(failed.status) or f'failed: {message}'}"
    if row.together_id is None:
        return said
    return f"{said} It belongs together with what was done before it: all of it, or nothing."


def _how(session: Session, step: Action, row: Compensation) -> str:
    undo = undo_of(session, step.id)
    if undo is None:
        return "" if row.status in ("offered", "kept") else ": not undone"
    if undo.status == "succeeded":
        return ": undone"
    if undo.status in IN_VAIN:
        return ": could not be undone"
    if undo.status == "awaiting":
        return ": its undo waits for an approval"
    if undo.status == "unknown":
        return ": not known whether it was undone"
    return ": being undone"


def _line(people: People, row: Compensation, stands: Sequence[Action]) -> str:
    if row.status == "done" and stands:
        rest = "The rest was undone. " if row.steps else ""
        return f"{rest}Please look yourself at what cannot be undone, and tell me what to do."
    person = people.by_id(row.decided_by or "")
    who = person.first_name if person else "I"
    if row.back_to is not None and row.status in _GOING_BACK:
        return _GOING_BACK[row.status]
    return {
        "offered": "Undo it, the last first?" if len(row.steps) > 1 else "Undo it?",
        "running": f"{who} wanted it undone: one after the other, the last first."
        if person
        else "I undo it: one after the other, the last first."
        if len(row.steps) > 1
        else "I undo it.",
        "done": "All of it was undone.",
        "kept": f"{who} kept it as it is.",
        "stuck": "I stopped there. What should happen now?",
    }[row.status]


_GOING_BACK = {
    "offered": "Undo it, the last first, and have me go on from there?",
    "done": "All of it was undone. I go on from there.",
    "stuck": "I stopped there, and do not go on. What should happen now?",
}


def _presses(row: Compensation) -> Sequence[Press]:
    keep = Press("Keep", "keep", row.id)
    if row.status == "offered":
        count = {1: "Undo", 2: "Undo both"}.get(len(row.steps), f"Undo all {len(row.steps)}")
        return (Press(count, "undo_all", row.id, style="primary"), keep)
    return (Press("Try again", "undo_all", row.id), keep) if row.status == "stuck" else ()
