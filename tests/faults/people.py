"""What people do next: the button that somebody presses, the command that Ana types."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from approvals.people import People, Principal
from approvals.tables import Action, Request
from approvals.windows import window
from core.posts import Post
from graphs.runtime.tables import Turn
from tests.faults.errands import GOING_BACK, Errand
from tests.faults.going_back import command, offered

#: Told "acked" and what of, or "effects" and a mark, which it answers with their number.
Tell = Callable[[str, str], int]
#: What somebody does: the job and its arguments, and what is not said again once it is
#: acknowledged.
Done = tuple[str, dict[str, Any], str]


def next_done(
    session: Session,
    people: People,
    base: str,
    errand: Errand,
    told: set[str],
    tell: Tell,
    now: datetime,
) -> Done | None:
    """What somebody does now; None where nobody does anything."""
    if errand.flow == GOING_BACK:
        if "back" not in told:
            # Typed again where nothing answered: no delivery of the same.
            typed = {"trigger_id": f"back:{now.isoformat()}", **command(base, errand)}
            return "command", typed, "back"
        post = offered(session)
        if post is not None and f"undo_all:{post.id}" not in told:
            return _pressed("undo_all", post, post.subject, people.by_id("ana"))
    for action in actions_of(session, errand):
        button, kind = _offered(errand, action, now)
        query = select(Post).where(
            Post.subject == action.id, Post.kind == kind, col(Post.ts).is_not(None)
        )
        post = session.exec(query).first() if button else None
        if button is None or post is None or f"{button}:{post.id}" in told:
            continue
        if button == "approve":
            request = session.exec(select(Request).where(Request.action_id == action.id)).one()
            return _pressed(button, post, request.id, people.by_id(_who(people, request)))
        trigger = f"{button}:{post.id}"
        if button == "happened" and not tell("effects", errand.mark):
            button = "not_happened"
        return _pressed(button, post, action.id, people.by_id("ana"), trigger)
    return None


def turns_of(session: Session, errand: Errand) -> list[Turn]:
    """Every turn that was made of Ana's message, the first one first."""
    query = select(Turn).where(Turn.message_ts == errand.ts).order_by(col(Turn.created_at))
    return list(session.exec(query))


def actions_of(session: Session, errand: Errand) -> list[Action]:
    """Those of its turns, the oldest first."""
    ids = [turn.id for turn in turns_of(session, errand)]
    query = select(Action).where(col(Action.turn_id).in_(ids))
    return list(session.exec(query.order_by(col(Action.created_at))))


def _pressed(
    button: str, post: Post, value: str, person: Principal | None, trigger: str | None = None
) -> Done:
    assert person is not None
    trigger = trigger or f"{button}:{post.id}"
    press = {
        "trigger_id": trigger, "user": person.slack_id, "action_id": button,
        "value": value, "channel": str(post.sent_channel), "ts": str(post.ts),
    }  # fmt: skip
    return "click", press, trigger


def _offered(errand: Errand, action: Action, now: datetime) -> tuple[str | None, str]:
    """The button of this action that somebody presses now, and the message it stands on."""
    if action.status == "awaiting":
        return "approve", "card"
    if action.status == "unknown":
        return "happened", "question"
    mine = errand.undone and action.undoes is None
    return ("undo" if mine and window(action, now=now) else None), "card"


def _who(people: People, request: Request) -> str:
    """Somebody who may answer the stage the request is at."""
    who = request.stages[request.stage]["who"]
    if who == "requester":
        return "ana"
    kind, _, name = who.partition(":")
    found: list[Principal] = [
        person
        for person in people.everyone
        if (name in person.groups if kind == "group" else person.id == name)
    ]
    return found[0].id
