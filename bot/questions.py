"""From an action of unknown outcome to the question about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from approvals.people import People
from approvals.tables import Action, title_of
from approvals.together import PERMITTED, belonging, not_done, together_id
from approvals.unknowns import no_before
from bot.blocks.question import Question
from bot.blocks.text import cut
from bot.cards import Unrenderable
from bot.words import clock_time

_NAMED = 5


def question_view(session: Session, people: People, action_id: str, *, now: datetime) -> Question:
    """What the question about this action tells now. Raises `Unrenderable`."""
    action = session.get(Action, action_id)
    if action is None:
        raise Unrenderable()
    asker = people.by_id(action.principal_id)
    name = asker.first_name if asker else "The person who asked"
    system = action.tool.partition(".")[0]
    tz = asker.tz if asker else "UTC"
    until = no_before(action)
    return Question(
        action_id=action.id,
        title=title_of(action),
        look=f"Please look into {system} yourself and tell me.",
        who=f"{name}, its approvers or an operator can say.",
        closed=None if action.status == "unknown" else _closed(action),
        can_look=bool((action.outcome or {}).get("can_look")),
        looked=_looked(action, tz),
        no_from=clock_time(until, tz, seconds=True) if until is not None and now < until else "",
        waits=_waits(session, action),
    )


def _waits(session: Session, action: Action) -> str:
    """What of the steps that belong together with this can neither begin nor be undone before."""
    if together_id(action) is None:
        return ""
    steps = belonging(session, action)
    if not_done(steps) is not None:
        done = [one for one in steps if one.status == "succeeded"]
        said = f"Until then I undo nothing of what belongs with it: {_titles(done)}."
        return said if done else ""
    held = [one for one in steps if one.status in PERMITTED]
    return f"Until then what belongs with it waits: {_titles(held)}." if held else ""


def _titles(steps: Sequence[Action]) -> str:
    more = f" and {len(steps) - _NAMED} more" if len(steps) > _NAMED else ""
    return ", ".join(f"“{cut(title_of(one), 80)}”" for one in steps[:_NAMED]) + more


def _looked(action: Action, tz: str) -> str:
    outcome = action.outcome or {}
    if "looked" not in outcome:
        return ""
    at = clock_time(datetime.fromisoformat(outcome["looked_at"]), tz)
    return f"I looked again at {at}: {outcome['looked']}"


def _closed(action: Action) -> str:
    outcome = action.outcome or {}
    said = outcome.get("summary") or outcome.get("message")
    return str(said) if said else "This is settled."
