"""Questions and answers about a request, as its card tells them."""

from __future__ import annotations

from sqlmodel import Session

from approvals.inquiries import inquiries_of
from approvals.people import People
from approvals.tables import Request
from bot.words import first_name


def said_of(
    session: Session, people: People, request: Request, asker: str
) -> tuple[tuple[str, str], ...]:
    """Label and words of each question and answer, for the card."""
    found: list[tuple[str, str]] = []
    for row in inquiries_of(session, request.id):
        found.append((f"{name_of(people, row.asked_by)} asked", row.text))
        if row.answer is not None:
            found.append((f"{asker} answered", row.answer))
        elif request.status == "pending":
            found.append((f"{asker} has not answered yet", ""))
    return tuple(found)


def name_of(people: People, person_id: str) -> str:
    """A first name, or the id of somebody who has left."""
    person = people.by_id(person_id)
    return first_name(person.name) if person else person_id
