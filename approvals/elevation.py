"""What a person or an automation may use at all, and scopes they have for a time.

people.yaml gives roles their scopes, automations.yaml the automation that acts for them. A tool
needs its scopes of both: what runs for somebody never may more than they may, nor more than it was
given itself. Whoever lacks one is refused before any other system is asked; an elevation, asked for
and approved like any action, adds one for a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from sqlmodel import Session, col, select

from approvals.for_a_time import NOT_YOURS, OVER, end, lasting, note
from approvals.people import People, Principal
from approvals.rights_tables import Elevation
from approvals.tables import Action
from audit.log import Log
from core.db import insert_once
from core.errors import ApprovalError
from core.ids import derive_id

LONGEST = timedelta(hours=8)
AUTOMATION = "automation:"
#: What people's messages start: the automation everybody uses.
ASSISTANT = "assistant"


def missing(
    session: Session,
    principal: Principal,
    scopes: Sequence[str],
    *,
    workspace_id: str,
    automation: str,
    own: Sequence[str],
    now: datetime,
) -> str | None:
    """Why this person may not use a tool that needs these scopes through this automation, whose own
    scopes are given, as a sentence's end.

    None when both may: by role and declaration, or by an elevation of each that lacks one.
    """
    runs = f"{AUTOMATION}{automation}"
    lacking = [(principal.id, scope) for scope in scopes if not has(principal.scopes, scope)]
    lacking += [(runs, scope) for scope in scopes if not has(own, scope)]
    if not lacking:
        return None
    query = select(Elevation.holder, Elevation.scope).where(
        Elevation.workspace_id == workspace_id,
        col(Elevation.holder).in_((principal.id, runs)),
        *lasting(Elevation, now),
    )
    given = set(session.exec(query))
    still = next((each for each in lacking if each not in given), None)
    if still is None:
        return None
    holder, scope = still
    who, whom = (
        (principal.first_name, "") if holder == principal.id else (_it(runs), f" for {runs}")
    )
    if holder not in (principal.id, f"{AUTOMATION}{ASSISTANT}"):
        return f"{who} may not use {scope}; what it may use stands in config/automations.yaml"
    return f"{who} may not use {scope}; /signoff elevate {scope} 1h{whom} asks for it for an hour"


def check(people: People, holder: str, scope: str, minutes: int) -> str:
    """The holder in words. Raises `ApprovalError` where this cannot be given."""
    if not timedelta(0) < timedelta(minutes=minutes) <= LONGEST:
        raise ApprovalError("A scope is given for 8 hours at most.")
    if holder.startswith(AUTOMATION):
        if holder != f"{AUTOMATION}{ASSISTANT}":
            raise ApprovalError(
                f"What {holder.removeprefix(AUTOMATION)} may use stands in "
                f"config/automations.yaml. A scope for a time can be given to "
                f"{AUTOMATION}{ASSISTANT}."
            )
        return _it(holder)
    person = people.by_id(holder)
    if person is None:
        raise ApprovalError(f"Nobody is called {holder}.")
    if has(person.scopes, scope):
        raise ApprovalError(f"{person.first_name} may use {scope} already.")
    return person.first_name


def holder_words(people: People, holder: str) -> str:
    """Who has a scope, as people call them: `Ana`, `the assistant`."""
    person = people.by_id(holder)
    return person.first_name if person else _it(holder)


def give(
    session: Session,
    log: Log,
    *,
    action: Action,
    holder: str,
    scope: str,
    until: datetime,
    now: datetime,
) -> str:
    """The scope this action asked for; its id. Giving it again changes nothing."""
    row = Elevation(
        id=derive_id("elev", action.id),
        workspace_id=action.workspace_id,
        action_id=action.id,
        holder=holder,
        scope=scope,
        created_at=now,
        expires_at=until,
    )
    if insert_once(session, row):
        said = f"{holder} may use {scope} for a time"
        note(session, log, row, "given", actor="system:approvals", reason=said, now=now)
    return row.id


def revoke(
    session: Session,
    log: Log,
    *,
    elevation_id: str,
    workspace_id: str,
    person: Principal,
    now: datetime,
) -> str:
    """End it at once; the sentence for whoever pressed: its holder or an operator."""
    row = session.get(Elevation, elevation_id, populate_existing=True)
    if row is None or row.workspace_id != workspace_id:
        return NOT_YOURS
    if not (person.operator or person.id == row.holder):
        return NOT_YOURS
    said = f"{person.first_name} took {row.scope} back"
    if not end(session, log, row, "revoked", actor=person.id, said=said, now=now):
        return OVER
    return "Revoked. From now on it is refused again."


def live_ones(
    session: Session, person: Principal, *, workspace_id: str, now: datetime
) -> list[Elevation]:
    """Those in force that concern this person: their own, all for operators."""
    query = (
        select(Elevation)
        .where(Elevation.workspace_id == workspace_id, *lasting(Elevation, now))
        .order_by(col(Elevation.expires_at), col(Elevation.id))
    )
    return [row for row in session.exec(query) if person.operator or row.holder == person.id]


def has(scopes: Sequence[str], scope: str) -> bool:
    """Whether these hold this one: as it is spelled, or with `*` for anything."""
    return any(fnmatchcase(scope, pattern) for pattern in scopes)


def _it(holder: str) -> str:
    name = holder.removeprefix(AUTOMATION)
    return f"the {name}" if name == ASSISTANT else f"the rule {name}"
