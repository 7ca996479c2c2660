"""Which buttons a card offers beside its answers and its story: one small function each.

A function looks at the rows and returns its button, or None where it has nothing to offer. What a
press does stands in `bot/listeners/actions.py` under the button's `action_id`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from approvals.directory import as_of
from approvals.entitlement import eligible, stage_of
from approvals.handed import receivers
from approvals.people import People
from approvals.policy.judge import REQUESTER, Verdict
from approvals.standing import may_stand
from approvals.tables import Action, Decision, Request
from approvals.windows import undo_of
from bot.blocks.parts import Press
from bot.undo_words import undo_button


@dataclass(frozen=True)
class Seen:
    """What a card is made from."""

    session: Session
    people: People
    action: Action
    request: Request
    decisions: tuple[Decision, ...]
    now: datetime


Offer = Callable[[Seen], Press | None]


def offered(seen: Seen) -> tuple[Press, ...]:
    """The buttons in their order."""
    offers = WHILE_OPEN if seen.request.status == "pending" else AFTERWARDS
    found = (offer(seen) for offer in offers)
    return tuple(press for press in found if press is not None)


def _edit(seen: Seen) -> Press | None:
    editable = (seen.action.preview or {}).get("editable")
    return Press("Edit…", "edit", seen.request.id) if editable else None


def _ask(seen: Seen) -> Press | None:
    is_askers = stage_of(seen.request).who == REQUESTER
    return None if is_askers else Press("Ask…", "ask", seen.request.id)


def _hand(seen: Seen) -> Press | None:
    """Where somebody it is for could have another asked."""
    stage, action = stage_of(seen.request), seen.action
    people = as_of(seen.session, seen.people, now=seen.now)
    able = eligible(people, action, stage)
    offers = any(receivers(people, action, stage, person) for person in able)
    return Press("Hand on…", "hand", seen.request.id) if offers else None


def _undo(seen: Seen) -> Press | None:
    return undo_button(seen.session, seen.people, seen.action, now=seen.now)


def _allow_alike(seen: Seen) -> Press | None:
    """For what was approved as it was asked, where a yes may be given in advance."""
    action = seen.action
    if seen.request.status != "approved" or action.verdict is None or action.edits or action.undoes:
        return None
    if action.status in _CAME_TO_NOTHING or _undone(seen.session, action.id):
        return None
    if not may_stand(action.tool, Verdict.from_json(action.verdict)):
        return None
    return Press("Allow alike…", "allow_alike", action.id)


def _undone(session: Session, action_id: str) -> bool:
    undo = undo_of(session, action_id)
    return undo is not None and undo.status == "succeeded"


#: What ended like this is no example of what should happen unasked.
_CAME_TO_NOTHING = frozenset({"cancelled", "denied", "expired", "failed", "superseded"})
#: Beside the answers, as long as the request waits.
WHILE_OPEN: tuple[Offer, ...] = (_edit, _ask, _hand)
#: Beside the story, once it is closed. What goes with time is last: nothing moves under the mouse.
AFTERWARDS: tuple[Offer, ...] = (_allow_alike, _undo)
