"""Standing permissions: given once by those who would be asked, spent by actions alike, revocable.

Given by an action of its own (`signoff.allow_alike`), which whoever approves the alike action must
approve. Spent where the action is claimed, in that transaction: revoked, expired and used-up ones
are found there, and whoever comes too late is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from approvals import grants
from approvals.bounds import Bounds, outside_of
from approvals.decided import approved_by
from approvals.entitlement import listed
from approvals.for_a_time import NOT_YOURS, OVER, end, lasting, note
from approvals.objections import ended_by_objection
from approvals.people import People, Principal
from approvals.policy.cases import Subject
from approvals.policy.judge import REQUESTER, Verdict
from approvals.rights_tables import StandingPermission
from approvals.tables import Action
from audit.log import Log
from core.db import insert_once
from core.ids import derive_id
from core.money import Money

_ACTOR = "system:approvals"
_LOST = "the standing permission does not cover it any more"


def may_stand(tool: str, verdict: Verdict) -> bool:
    """Whether a standing permission may ever answer this question about this tool.

    What cannot be put back and needs a second person is asked each time, unless every rule that
    asks says `standing: true`; so is what changes permissions themselves or decides about people.
    """
    strict = verdict.effect == "irreversible" and verdict.four_eyes
    never = tool.startswith("signoff.") or verdict.about_people
    return verdict.kind == "ask" and not never and (verdict.standing or not strict)


def give(
    session: Session,
    log: Log,
    *,
    action: Action,
    bounds: Bounds,
    uses: int,
    in_all: int | None,
    until: datetime,
    now: datetime,
) -> str:
    """The permission this action asked for; its id. Giving it again changes nothing."""
    row = StandingPermission(
        id=derive_id("stand", action.id),
        workspace_id=action.workspace_id,
        action_id=action.id,
        principal_id=bounds.asker,
        tool=bounds.tool,
        bounds=bounds.as_json(),
        uses=uses,
        in_all=in_all,
        created_at=now,
        expires_at=until,
    )
    if insert_once(session, row):
        said = "A standing permission begins"
        note(session, log, row, "given", actor=_ACTOR, reason=said, now=now)
    return row.id


def covering(
    session: Session,
    log: Log,
    people: People,
    subject: Subject,
    verdict: Verdict,
    *,
    workspace_id: str,
    tool_version: str,
    now: datetime,
) -> StandingPermission | None:
    """A live permission that answers this question, covers this action and has room for it; the
    oldest of several. One that somebody spoke against since ends here."""
    query = (
        select(StandingPermission)
        .where(
            StandingPermission.workspace_id == workspace_id,
            StandingPermission.principal_id == subject.principal.id,
            StandingPermission.tool == subject.tool,
            *_live(now),
        )
        .order_by(col(StandingPermission.created_at), col(StandingPermission.id))
    )
    worth = subject.amount.minor if subject.amount else 0
    for row in session.exec(query).all():
        fits = outside_of(Bounds.from_json(row.bounds), subject, people, tool_version) is None
        room = row.in_all is None or row.spent + worth <= row.in_all
        if not (fits and room and _answers(session, row, verdict)):
            continue
        if _givers_lapsed(session, people, row, now) is not None:
            continue
        if not ended_by_objection(session, log, people, row, now=now):
            return row
    return None


def spend(
    session: Session,
    log: Log,
    people: People,
    *,
    permission_id: str,
    action: Action,
    now: datetime,
) -> str | None:
    """Use the permission up by this action, in the transaction that begins it.

    Returns why it cannot be, as a sentence's end; then nothing was used up.
    """
    row = session.get(StandingPermission, permission_id, populate_existing=True)
    if row is None or _givers_lapsed(session, people, row, now) is not None:
        return _LOST
    if ended_by_objection(session, log, people, row, now=now):
        return _LOST
    amount = (action.preview or {}).get("amount")
    worth = amount["minor"] if amount else 0
    query = update(StandingPermission).where(
        col(StandingPermission.id) == permission_id, *_live(now)
    )
    if row.in_all is not None:
        query = query.where(StandingPermission.spent + worth <= col(StandingPermission.in_all))
    changed = session.execute(
        query.values(
            used=StandingPermission.used + 1, spent=StandingPermission.spent + worth
        ).execution_options(synchronize_session=False)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        return _LOST
    row = session.get_one(StandingPermission, permission_id, populate_existing=True)
    said = f"Covered by the standing permission of {given_by(session, people, row)} "
    said += f"({row.used} of {row.uses} used)"
    note(session, log, row, "spent", actor=_ACTOR, reason=said, now=now, action_id=action.id)
    return None


def revoke(
    session: Session,
    log: Log,
    people: People,
    *,
    permission_id: str,
    person: Principal,
    now: datetime,
) -> str:
    """End it at once; the sentence for whoever pressed: its holder, its givers or an operator."""
    row = session.get(StandingPermission, permission_id, populate_existing=True)
    if row is None or row.workspace_id != people.workspace_id:
        return NOT_YOURS
    if not _concerns(session, people, row, person):
        return NOT_YOURS
    said = f"{person.first_name} revoked the standing permission"
    if not end(session, log, row, "revoked", actor=person.id, said=said, now=now):
        return OVER
    return "Revoked. From now on it is asked again."


def live_ones(
    session: Session, people: People, person: Principal, *, workspace_id: str, now: datetime
) -> list[StandingPermission]:
    """Those in force that concern this person: their own, given by them, all for operators."""
    query = (
        select(StandingPermission)
        .where(StandingPermission.workspace_id == workspace_id, *_live(now))
        .order_by(col(StandingPermission.expires_at), col(StandingPermission.id))
    )
    return [row for row in session.exec(query) if _concerns(session, people, row, person)]


def given_by(session: Session, people: People, row: StandingPermission) -> str:
    """The first names of those who approved it."""
    return listed(_givers(session, people, row)).replace(" or ", " and ")


def left(row: StandingPermission) -> str:
    """`2 of 10 used, EUR 100.00 of EUR 500.00`."""
    limit = row.bounds.get("at_most")
    if row.in_all is None or not limit:
        return f"{row.used} of {row.uses} used"
    spent, whole = (Money(minor, limit["currency"]) for minor in (row.spent, row.in_all))
    return f"{row.used} of {row.uses} used, {spent} of {whole}"


def _live(now: datetime) -> Sequence[Any]:
    return (
        *lasting(StandingPermission, now),
        col(StandingPermission.used) < col(StandingPermission.uses),
    )


def _givers(session: Session, people: People, row: StandingPermission) -> list[Principal]:
    found = [people.by_id(person_id) for person_id in approved_by(session, row.action_id)]
    return [person for person in found if person is not None]


def _answers(session: Session, row: StandingPermission, verdict: Verdict) -> bool:
    """Whether all whom this question is put to now were asked when the permission was given: a
    policy that asks others since, or more of them, is not answered by it."""
    given = session.get(Action, row.action_id)
    if given is None or given.verdict is None:
        return False
    then = Verdict.from_json(given.verdict)
    agreed = {stage.who: stage.quorum for stage in then.stages}
    others = [stage for stage in verdict.stages if stage.who != REQUESTER]
    enough = all(agreed.get(stage.who, 0) >= stage.quorum for stage in others)
    return enough and (then.four_eyes or not (verdict.four_eyes or not others))


def _givers_lapsed(
    session: Session, people: People, row: StandingPermission, now: datetime
) -> str | None:
    """Whoever gave it must still be somebody who would be heard."""
    asked = session.get(Action, row.action_id)
    return "it is gone" if asked is None else grants.lapsed(session, people, asked, now=now)


def _concerns(session: Session, people: People, row: StandingPermission, person: Principal) -> bool:
    givers = {giver.id for giver in _givers(session, people, row)}
    return person.operator or person.id == row.principal_id or person.id in givers
