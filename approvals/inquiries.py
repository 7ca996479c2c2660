"""Ask back: whoever decides puts a question to the asker; the answer stands on the card.

While the first question of a request waits for its answer the request does not run out: its time
stands still once, for a day at most.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from approvals.closed import closed_sentence
from approvals.editing import may_answer, why_not
from approvals.noting import note
from approvals.people import People, Principal
from approvals.tables import Action, Inquiry, Request
from audit.log import Log
from core.ids import derive_id
from core.posts import ask_post, refresh_posts

#: The longest time that a request stands still while it waits for an answer.
PAUSE = timedelta(days=1)
#: So many questions fit on a card; who needs more had better talk.
MOST = 5


@dataclass(frozen=True)
class Told:
    """Whether it was taken, and the sentence for whoever wrote it."""

    taken: bool
    sentence: str


def may_ask(
    session: Session,
    log: Log,
    people: People,
    request_id: str,
    person: Principal,
    *,
    now: datetime,
) -> Told:
    """Whether this person may put a question about it now, and if not, why."""
    action = may_answer(session, people, request_id, person, now=now)
    if action is None:
        return Told(False, why_not(session, log, people, request_id, person, now=now))
    if person.id == action.principal_id:
        return Told(False, "You asked for this yourself.")
    if len(inquiries_of(session, request_id)) >= MOST:
        return Told(False, f"{MOST} questions were asked already. Please talk to each other.")
    return Told(True, "")


def ask(
    session: Session,
    log: Log,
    people: People,
    *,
    request_id: str,
    person: Principal,
    text: str,
    now: datetime,
) -> Told:
    """Put this question to the asker, where they asked. The request's row is locked."""
    may = may_ask(session, log, people, request_id, person, now=now)
    if not may.taken:
        return may
    request = session.get_one(Request, request_id)
    action = session.get_one(Action, request.action_id)
    number = len(inquiries_of(session, request_id))
    inquiry = Inquiry(
        id=derive_id("inq", request_id, number),
        workspace_id=request.workspace_id,
        request_id=request_id,
        n=number,
        asked_by=person.id,
        text=text.replace("\x00", ""),
        asked_at=now,
        pause_s=0 if number else int(PAUSE.total_seconds()),
    )
    session.add(inquiry)
    request.expires_at += timedelta(seconds=inquiry.pause_s)
    session.add(request)
    session.flush()
    _record(session, log, action, inquiry, person, f"{person.first_name} asked back", text, now)
    ask_post(
        session,
        workspace_id=inquiry.workspace_id,
        subject=inquiry.id,
        kind="inquiry",
        channel=action.channel,
        thread_ts=action.thread_ts,
        body={},
        now=now,
    )
    return Told(True, "Asked. The answer will stand on the card.")


def may_reply(session: Session, people: People, inquiry: Inquiry, person: Principal) -> Told:
    """Whether this person may answer this question now, and if not, why."""
    request = session.get_one(Request, inquiry.request_id)
    action = session.get_one(Action, request.action_id)
    if person.id != action.principal_id:
        asker = people.by_id(action.principal_id)
        return Told(False, f"This is a question to {asker.first_name if asker else 'the asker'}.")
    if inquiry.answer is not None:
        return Told(False, "You have answered this already.")
    if request.status != "pending":
        return Told(False, closed_sentence(session, people, request, person))
    return Told(True, "")


def reply(
    session: Session,
    log: Log,
    people: People,
    *,
    inquiry_id: str,
    person: Principal,
    text: str,
    now: datetime,
) -> Told:
    """The asker's answer; the request's time runs on from here."""
    inquiry = session.get(Inquiry, inquiry_id)
    if inquiry is None or inquiry.workspace_id != people.workspace_id:
        return Told(False, "This question is not open any more.")
    request_id = inquiry.request_id
    request = session.get_one(Request, request_id, with_for_update=True, populate_existing=True)
    inquiry = session.get_one(Inquiry, inquiry_id, populate_existing=True)
    may = may_reply(session, people, inquiry, person)
    if not may.taken:
        return may
    action = session.get_one(Action, request.action_id)
    inquiry.answer, inquiry.answered_at = text.replace("\x00", ""), now
    left = timedelta(seconds=inquiry.pause_s) - (now - inquiry.asked_at)
    request.expires_at -= max(left, timedelta(0))
    session.add_all((inquiry, request))
    session.flush()
    _record(session, log, action, inquiry, person, f"{person.first_name} answered", text, now)
    return Told(True, "Thank you. Your answer stands on the card.")


def inquiries_of(session: Session, request_id: str) -> list[Inquiry]:
    """The questions about this request, in their order."""
    query = select(Inquiry).where(Inquiry.request_id == request_id).order_by(col(Inquiry.n))
    return list(session.exec(query))


def _record(  # noqa: PLR0917 - a private call
    session: Session,
    log: Log,
    action: Action,
    inquiry: Inquiry,
    person: Principal,
    reason: str,
    text: str,
    now: datetime,
) -> None:
    note(session, log, action, "inquiry", reason, actor=person.id, now=now, words=text)
    refresh_posts(session, subject=action.id, kind="card", now=now)
    refresh_posts(session, subject=inquiry.id, kind="inquiry", now=now)
