"""What happened to a request that is closed, for the person who clicks too late."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from approvals.people import People, Principal
from approvals.tables import Decision, Request


def closed_sentence(
    session: Session, people: People, request: Request, person: Principal | None
) -> str:
    """`Finn approved this already, at 14:02.` in the clicker's own time zone."""
    at = at_words(request.closed_at, person)
    who = _last_voter(session, people, request, person)
    if request.status == "rejected" and who is None:
        return f"Nobody answered until {at[3:]}, so it counts as refused; nothing was done."
    if request.status in ("approved", "rejected"):
        did = "approved" if request.status == "approved" else "rejected"
        return f"{who or 'Somebody'} {did} this already, {at}."
    if request.status == "expired":
        return f"This expired {at_words(request.expires_at, person)}; nothing was done."
    if request.status == "superseded":
        return "Something changed meanwhile, so this was asked anew: see the newer card."
    return f"This was cancelled {at}; nothing was done."


def at_words(at: datetime | None, person: Principal | None) -> str:
    """`at 14:02 on Fri 20 Nov`, where this person is."""
    if at is None:
        return "just now"
    zone = ZoneInfo(person.tz) if person else UTC
    local = at.astimezone(zone)
    return f"at {local:%H:%M} on {local:%a} {local.day} {local:%b}"


def _last_voter(
    session: Session, people: People, request: Request, person: Principal | None
) -> str | None:
    query = (
        select(Decision)
        .where(Decision.request_id == request.id)
        .order_by(col(Decision.at).desc(), col(Decision.id))
    )
    # The vote that closed it: a rejection for a rejected one, else the last approval.
    wanted = "reject" if request.status == "rejected" else "approve"
    for row in session.exec(query):
        if row.vote != wanted:
            continue
        if person is not None and row.person_id == person.id:
            return "You"
        voter = people.by_id(row.person_id)
        return voter.first_name if voter else "Somebody"
    return None
