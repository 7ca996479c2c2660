"""Steps that belong together: all of them are done, or none is left standing.

They are the changes of one answer of the model that said so, in the order of its calls. Their
common id derives from turn and step, as their own do: a rebuilt turn finds the same. They begin one
after the other, and the first not before all are permitted; what a person refuses then costs
nothing. Where one is not done after others were, those are taken back (`tools/together.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from approvals.tables import Action
from core.ids import derive_id

#: The tool by which an answer says that its changes belong together.
TOOL = "signoff.together"
PERMITTED = frozenset({"allowed", "approved"})
#: It was not done and will not be.
NOT_DONE = frozenset({"failed", "denied", "rejected", "expired", "cancelled"})
#: Nobody decided that: what was done before is taken back without asking again.
_BY_ITSELF = NOT_DONE - {"cancelled"}


def together_id(action: Action) -> str | None:
    """The common id of the steps this one belongs together with; None where it stands alone."""
    if not action.together or action.turn_id is None:
        return None
    return derive_id("together", action.turn_id, action.step)


def belonging(session: Session, action: Action) -> list[Action]:
    """The newest form of every step that this one belongs together with, itself among them, in
    their order."""
    query = (
        select(Action)
        .where(
            Action.turn_id == action.turn_id,
            Action.step == action.step,
            Action.status != "superseded",
        )
        .order_by(col(Action.call))
        .execution_options(populate_existing=True)
    )
    return [one for one in session.exec(query) if one.together]


def waits_for(steps: Sequence[Action], action_id: str) -> Action | None:
    """What must happen before this step may begin: the one whose turn it is, or the first that
    nobody has permitted yet; None when it may begin. Pure."""
    mine = next((n for n, one in enumerate(steps) if one.id == action_id), 0)
    before = next((one for one in steps[:mine] if one.status != "succeeded"), None)
    if before is not None:
        return before
    return next((one for one in steps[mine + 1 :] if one.status not in PERMITTED), None)


def not_done(steps: Sequence[Action]) -> Action | None:
    """The step because of which the others may not stand; None while there is none. Pure.

    One that failed, or was not allowed, comes before one that was only stopped.
    """
    out = [one for one in steps if one.status in NOT_DONE]
    return next((one for one in out if one.status in _BY_ITSELF), next(iter(out), None))


def by_itself(step: Action) -> bool:
    """Whether this step came to nothing without anybody having stopped it. Pure."""
    return step.status in _BY_ITSELF
