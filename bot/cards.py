"""From an action's rows to what its card tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from approvals.by_hand import BY_HAND
from approvals.editing import editors
from approvals.elevation import ASSISTANT
from approvals.people import People
from approvals.tables import Action, Decision, Request, title_of
from bot.blocks.card import Card
from bot.differences import became_of, what_changed
from bot.offers import Seen, offered
from bot.said import said_of
from bot.undo_words import for_how_long, how_it_stands, together_words
from bot.words import clock_time, day_time, first_name
from core.errors import SignoffError
from graphs.runtime.tables import Conversation, Turn

_REQUESTER = "requester"


class Unrenderable(SignoffError):
    """This message cannot be shown: what it is about is gone."""


def card_view(session: Session, people: People, action_id: str, *, now: datetime) -> Card:
    """What the card of this action tells now. Raises `Unrenderable`."""
    rows = _rows(session, people, action_id, now)
    action, request = rows.action, rows.request
    asker = people.by_id(action.principal_id)
    tz = asker.tz if asker else "UTC"
    preview: Mapping[str, Any] = action.preview or {}
    stage = request.stages[request.stage]
    is_open = request.status == "pending"
    return Card(
        action_id=action.id,
        request_id=request.id,
        title=title_of(action),
        verb=str(preview.get("verb") or "this"),
        details=tuple((str(label), str(value)) for label, value in preview.get("details") or ()),
        args=action.args,
        origins=action.origins,
        named_in=preview.get("named_in") or {},
        asked_by=asked_by(people, action),
        channel=place_of(session, action),
        why=str(stage["why"]),
        can_undo=for_how_long(action.verdict, str(preview.get("undo") or "no")),
        expires=day_time(request.expires_at, tz, now),
        confirm=stage["who"] == _REQUESTER,
        votes=_votes(people, rows, tz) if is_open else (),
        closed=None if is_open else tuple(_closed(session, people, rows, tz, now)),
        edited_by=" and ".join(person.first_name for person in editors(action, people)),
        said=said_of(session, people, request, asker.first_name if asker else action.principal_id),
        changed=what_changed(session, people, action, tz) if is_open else (),
        diff=str(preview.get("diff") or ""),
        offers=offered(rows),
        together=together_words(action),
    )


def asked_by(people: People, action: Action) -> str:
    """`Ana`, or `the rule parcel-lost, for Ana` where another system's event began it."""
    asker = people.by_id(action.principal_id)
    name = asker.first_name if asker else action.principal_id
    typed = action.automation in (ASSISTANT, BY_HAND)
    return name if typed else f"the rule {action.automation}, for {name}"


def place_of(session: Session, action: Action) -> str:
    """What people call the place where it was asked."""
    turn = session.get(Turn, action.turn_id) if action.turn_id else None
    conversation = session.get(Conversation, turn.conversation_id) if turn else None
    return (conversation.place if conversation else "") or "Slack"


def _rows(session: Session, people: People, action_id: str, now: datetime) -> Seen:
    action = session.get(Action, action_id)
    request = session.exec(select(Request).where(Request.action_id == action_id)).first()
    if action is None or request is None:
        raise Unrenderable()
    query = select(Decision).where(Decision.request_id == request.id).order_by(col(Decision.at))
    return Seen(session, people, action, request, tuple(session.exec(query)), now)


def _votes(people: People, rows: Seen, tz: str) -> tuple[str, ...]:
    return tuple(
        f"{_voter(people, row)} {clock_time(row.at, tz)}"
        for row in rows.decisions
        if row.vote == "approve"
    )


def _closed(session: Session, people: People, rows: Seen, tz: str, now: datetime) -> Sequence[str]:
    """`Approved by Finn 14:02`, `refunded 14:02, once`, `re_83`."""
    action, request = rows.action, rows.request
    if request.status == "approved":
        who = ", ".join(_votes(people, rows, tz)) or "somebody"
        asked = {str(stage["who"]) for stage in request.stages}
        said = "Confirmed" if asked == {_REQUESTER} else "Approved"
        return [f"{said} by {who}", *how_it_stands(session, people, action, now=now)]
    if request.status == "rejected":
        return [_rejection(people, rows, tz)]
    at = day_time(request.closed_at or request.expires_at, tz, now)
    if request.status == "expired":
        return [f"Expired {day_time(request.expires_at, tz, now)}. Nothing was done."]
    if request.status == "superseded":
        return [became_of(session, people, action, tz, at)]
    return [f"Cancelled {at}. Nothing was done."]


def _rejection(people: People, rows: Seen, tz: str) -> str:
    for row in rows.decisions:
        if row.vote == "reject":
            said = f"Rejected by {_voter(people, row)} {clock_time(row.at, tz)}"
            return f"{said}: {row.reason}" if row.reason else f"{said}. Nothing was done."
    return "Nobody answered in time, so it counts as refused. Nothing was done."


def _voter(people: People, row: Decision) -> str:
    """`Finn`, or `Sam for Finn`."""
    name = _name(people, row.person_id)
    return name if row.for_id == row.person_id else f"{name} for {_name(people, row.for_id)}"


def _name(people: People, person_id: str) -> str:
    person = people.by_id(person_id)
    return first_name(person.name) if person else person_id
