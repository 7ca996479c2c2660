"""Who is shown a question, and who is reminded of it: rows that `bot` turns into messages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, col, select

from approvals.people import Principal
from approvals.tables import Action, Request
from core.ids import derive_id
from core.posts import Post, ask_post


def show_card(
    session: Session, request: Request, action: Action, people: Iterable[Principal], *,
    now: datetime,
) -> None:  # fmt: skip
    """Put the card before these people, each in their own conversation with us, where it does not
    stand yet. All its copies change together. The request's row is locked."""
    query = select(Post.n, Post.channel).where(Post.subject == action.id, col(Post.kind) == "card")
    placed = dict(session.exec(query).all())
    for person in people:
        if person.slack_id in placed.values():
            continue
        number = max(placed, default=-1) + 1
        placed[number] = person.slack_id
        ask_post(
            session,
            workspace_id=request.workspace_id,
            subject=action.id,
            kind="card",
            channel=person.slack_id,
            thread_ts=None,
            body={"request_id": request.id},
            now=now,
            n=number,
        )


def remind(
    session: Session, request: Request, person: Principal, *, number: int, now: datetime
) -> bool:
    """Owe this person their `number`th reminder of this stage; False when it is owed already."""
    subject = f"{request.id}:{request.stage}:{person.id}"
    if session.get(Post, derive_id("post", subject, "reminder", number)) is not None:
        return False
    ask_post(
        session,
        workspace_id=request.workspace_id,
        subject=subject,
        kind="reminder",
        channel=person.slack_id,
        thread_ts=None,
        body={"request_id": request.id, "person_id": person.id},
        now=now,
        n=number,
    )
    return True
