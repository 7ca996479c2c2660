"""Ask back: presses and submissions about questions, and what their messages show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlmodel import Session

from approvals.inquiries import Told, ask, may_ask, may_reply, reply
from approvals.people import People, Principal
from approvals.tables import Action, Inquiry, Request, title_of
from bot.blocks import inquiry as blocks
from bot.cards import Unrenderable
from bot.deps import BotDeps
from bot.presses.clicks import Pressed, card, message, press_on
from bot.presses.submitted import Submitted, record_submission
from bot.said import name_of

Kind = Literal["ask", "reply"]


@dataclass(frozen=True)
class Wanted:
    """What the modal shows that takes the words: about what, and whose question it answers."""

    about: str
    question: str | None


@press_on(card)
def take_ask(press: Pressed) -> Wanted | str:
    """A press on Ask. Whoever decides may put a question; others are told why not."""
    session, deps, request_id = press.session, press.deps, press.click.value
    may = may_ask(session, deps.log, deps.people, request_id, press.person, now=press.now)
    return Wanted(_about(session, request_id), None) if may.taken else may.sentence


@press_on(message("inquiry"))
def take_reply(press: Pressed) -> Wanted | str:
    """A press on Answer. The asker may; others are told why not."""
    inquiry = press.session.get_one(Inquiry, press.click.value)
    may = may_reply(press.session, press.deps.people, inquiry, press.person)
    about = _about(press.session, inquiry.request_id)
    return Wanted(about, inquiry.text) if may.taken else may.sentence


def _about(session: Session, request_id: str) -> str:
    request = session.get_one(Request, request_id)
    return title_of(session.get_one(Action, request.action_id))


def submit_words(
    deps: BotDeps, kind: Kind, submitted: Submitted, person: Principal, text: str
) -> str | None:
    """Take the question or the answer; a sentence to tell, None for a duplicate."""
    now = deps.clock.now()
    with deps.db.transaction() as session:
        fresh = record_submission(session, deps, submitted, {kind: submitted.request_id}, now=now)
        return _taken(session, deps, kind, submitted, person, text).sentence if fresh else None


def _taken(  # noqa: PLR0917 - a private call
    session: Session, deps: BotDeps, kind: Kind, submitted: Submitted, person: Principal, text: str
) -> Told:
    now = deps.clock.now()
    if kind == "ask":
        return ask(
            session,
            deps.log,
            deps.people,
            request_id=submitted.request_id,
            person=person,
            text=text,
            now=now,
        )
    return reply(
        session,
        deps.log,
        deps.people,
        inquiry_id=submitted.request_id,
        person=person,
        text=text,
        now=now,
    )


def inquiry_view(session: Session, people: People, inquiry_id: str) -> blocks.Inquiry:
    """What the message of this question tells now. Raises `Unrenderable`."""
    row = session.get(Inquiry, inquiry_id)
    request = session.get(Request, row.request_id) if row else None
    action = session.get(Action, request.action_id) if request else None
    asker = people.by_id(action.principal_id) if action else None
    if row is None or request is None or action is None or asker is None:
        raise Unrenderable()
    closed = None
    if row.answer is not None:
        closed = f"{asker.first_name} answered: {row.answer}"
    elif request.status != "pending":
        closed = "No answer is needed any more."
    return blocks.Inquiry(
        inquiry_id=row.id,
        title=title_of(action),
        by=name_of(people, row.asked_by),
        text=row.text,
        to=asker.slack_id,
        closed=closed,
    )
