"""What was said about a request: by whom it was handed on, questions and answers; for its card."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from approvals.entitlement import stage_of
from approvals.handed import HANDED, REFUSED, WAITS, handings_of
from approvals.inquiries import inquiries_of
from approvals.people import People
from approvals.tables import Handing, Request
from bot.words import first_name


def said_of(
    session: Session, people: People, request: Request, asker: str
) -> tuple[tuple[str, str], ...]:
    """Label and words of each handing on, question and answer, for the card."""
    found = _handed(session, people, request, asker)
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


def _handed(
    session: Session, people: People, request: Request, asker: str
) -> list[tuple[str, str]]:
    rows = handings_of(session, request.id)
    lines = [(_line(people, request, asker, row), row.why or "") for row in rows]
    lines.append((_may_still(people, request, rows), ""))
    return [(line, why) for line, why in lines if line]


def _may_still(people: People, request: Request, rows: Sequence[Handing]) -> str:
    """That whoever handed it on may answer it all the same."""
    asked = stage_of(request).asked
    here = [row for row in rows if row.status == HANDED and row.stage == request.stage]
    names = dict.fromkeys(name_of(people, row.by_id) for row in here if row.by_id not in asked)
    if not names or request.status != "pending":
        return ""
    return f"{' and '.join(names)} may still answer it"


def _line(people: People, request: Request, asker: str, row: Handing) -> str:
    by, to = name_of(people, row.by_id), name_of(people, row.to_id)
    if row.status == HANDED:
        return f"{by} handed it to {to}"
    if row.status == REFUSED:
        return f"{by} wanted to hand it to {to}, but {asker} did not want it shown there"
    if row.status == WAITS and row.stage == request.stage:
        return f"{by} wants to hand it to {to}; {asker} has yet to agree that {to} sees it"
    return ""
