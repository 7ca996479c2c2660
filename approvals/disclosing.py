"""The asker says whether what they asked for is shown to people who cannot read where they asked.

Before anybody is shown it, dropping it is the other answer. Where somebody else would be shown it
later (who stands in, a later stage, whoever it is handed to), the question goes on without them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from approvals.actions import cancel
from approvals.asking import show_card
from approvals.directory import as_of
from approvals.entitlement import listed, places, stage_of
from approvals.handing import come_back, go_on
from approvals.noting import note
from approvals.people import People, Principal
from approvals.showing import present
from approvals.tables import Action, Disclosure, Handing, Request
from audit.log import Log
from core.posts import refresh_posts

_TOO_LATE = "You have answered this already, or its time is over."


@dataclass(frozen=True)
class Shown:
    """Whether it was taken, and the sentence for whoever pressed."""

    done: bool
    sentence: str


def disclose(
    session: Session,
    log: Log,
    people: People,
    *,
    disclosure_id: str,
    person: Principal,
    agrees: bool,
    now: datetime,
) -> Shown:
    """The asker agrees that it is shown to those this question names, or does not."""
    row = session.get(Disclosure, disclosure_id)
    if row is None or row.workspace_id != people.workspace_id:
        return Shown(False, _TOO_LATE)
    request = session.get_one(Request, row.request_id, with_for_update=True, populate_existing=True)
    action = session.get_one(Action, request.action_id, populate_existing=True)
    session.refresh(row)
    if person.id != action.principal_id:
        return Shown(False, "Only the person who asked for this can say whether it is shown.")
    if request.status != "pending" or request.expires_at <= now or row.status != "asked":
        return Shown(False, _TOO_LATE)
    row.status, row.answered_at = "agreed" if agrees else "refused", now
    session.add(row)
    people = as_of(session, people, now=now)
    names = names_of(people, row)
    if row.first and not agrees:
        reason = f"{person.first_name} did not want it shown to others"
        cancel(session, log, action, now=now, actor=person.id, reason=reason)
        return Shown(True, "Dropped. Nobody was shown anything.")
    if not agrees:
        said = f"{person.first_name} did not want this shown to {names}"
        note(session, log, action, "not_disclosed", said, actor=person.id, now=now)
        _refuse(session, people, request, row, now=now)
        refresh_posts(session, subject=action.id, kind="disclosure", now=now)
        return Shown(True, f"Not shown to {names}.")
    request.agreed = [*request.agreed, *row.people]
    session.add(request)
    said = f"{person.first_name} agreed that this is shown to {names}"
    note(session, log, action, "disclosed", said, actor=person.id, now=now)
    problem = _show(session, log, people, request, action, row, now=now)
    refresh_posts(session, subject=action.id, kind="disclosure", now=now)
    return Shown(problem is None, problem or f"Shown to {names}.")


def names_of(people: People, row: Disclosure) -> str:
    """`Finn`, `Finn and Olga`: whom this question is about."""
    found = [people.by_id(one) for one in row.people]
    return listed([one for one in found if one]).replace(" or ", " and ")


def _show(  # noqa: PLR0917 - a private call
    session: Session,
    log: Log,
    people: People,
    request: Request,
    action: Action,
    row: Disclosure,
    *,
    now: datetime,
) -> str | None:
    """Show it to those who are still to decide it; why nothing came of it, where nothing did."""
    if row.first:
        request.withheld = None
        present(session, people, request, action, now=now)
        return None
    if row.handing_id is not None:
        handing = session.get_one(Handing, row.handing_id)
        return go_on(session, log, people, request, handing, now=now)
    found = [one for one in map(people.by_id, row.people) if one]
    still = [one for one in found if places(people, action, stage_of(request), one)]
    show_card(session, request, action, still, now=now)
    return None


def _refuse(
    session: Session, people: People, request: Request, row: Disclosure, *, now: datetime
) -> None:
    if row.handing_id is not None:
        handing = session.get_one(Handing, row.handing_id)
        come_back(session, people, request, handing, now=now)
