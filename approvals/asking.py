"""Who is shown a question, and who is reminded of it: rows that `bot` turns into messages.

Nobody is shown anything that its asker did not mean them to see: who can neither read where it was
asked nor was agreed to waits until the asker has seen what they will see.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from approvals.people import Principal
from approvals.seeing import can_read, unseen
from approvals.tables import Action, Disclosure, Handing, Request
from core.ids import derive_id
from core.posts import Post, ask_post


def show_card(
    session: Session, request: Request, action: Action, people: Iterable[Principal], *,
    now: datetime,
) -> None:  # fmt: skip
    """Put the card before these people, each in their own conversation with us, where it does not
    stand yet; its asker is asked first about those who may not see it. All its copies change
    together. The request's row is locked."""
    hidden = unseen(session, request, action, people := list(people))
    if hidden:
        ask_asker(session, request, action, hidden, now=now)
    query = select(Post.n, Post.channel).where(Post.subject == action.id, col(Post.kind) == "card")
    placed = dict(session.exec(query).all())
    for person in people:
        if person in hidden or person.slack_id in placed.values():
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


def needing_copy(
    session: Session, request: Request, action: Action, people: Iterable[Principal]
) -> list[Principal]:
    """Those of these people who need a card of their own: all where cards stand with each approver,
    else those who cannot read the thread it stands in."""
    others = [person for person in people if person.id != action.principal_id]
    if request.cards == "dm":
        return others
    if request.cards != "thread" or request.readers is None:
        return []
    return [person for person in others if not can_read(session, request, action, person)]


def ask_asker(
    session: Session,
    request: Request,
    action: Action,
    hidden: Sequence[Principal],
    *,
    now: datetime,
    handing: Handing | None = None,
) -> None:
    """Ask the asker, where they asked, whether these people may see it; about nobody twice, except
    where somebody would hand it to them."""
    rows = session.exec(select(Disclosure).where(Disclosure.request_id == request.id)).all()
    asked = {person_id for row in rows for person_id in row.people}
    named = [person.id for person in hidden if handing is not None or person.id not in asked]
    if not named:
        return
    row = Disclosure(
        id=derive_id("disc", request.id, len(rows)),
        workspace_id=request.workspace_id,
        request_id=request.id,
        n=len(rows),
        first=request.withheld is not None,
        people=named,
        handing_id=handing.id if handing else None,
        asked_at=now,
    )
    session.add(row)
    session.flush()
    ask_post(
        session,
        workspace_id=request.workspace_id,
        subject=action.id,
        kind="disclosure",
        channel=action.channel,
        thread_ts=action.thread_ts,
        body={"disclosure_id": row.id},
        now=now,
        n=row.n,
    )


def remind(
    session: Session, request: Request, person: Principal, *, number: int, now: datetime
) -> bool:
    """Owe this person their `number`th reminder of this stage; False when it is owed already."""
    subject = f"{request.id}:{request.stage}:{person.id}"
    return _remind(session, request.id, person, subject, {}, number=number, now=now)


def remind_asker(
    session: Session, row: Disclosure, asker: Principal, *, number: int, now: datetime
) -> bool:
    """Owe the asker their `number`th reminder of this question; False when it is owed already."""
    body = {"disclosure_id": row.id}
    return _remind(session, row.request_id, asker, row.id, body, number=number, now=now)


def _remind(
    session: Session,
    request_id: str,
    person: Principal,
    subject: str,
    body: Mapping[str, str],
    *,
    number: int,
    now: datetime,
) -> bool:
    if session.get(Post, derive_id("post", subject, "reminder", number)) is not None:
        return False
    ask_post(
        session,
        workspace_id=session.get_one(Request, request_id).workspace_id,
        subject=subject,
        kind="reminder",
        channel=person.slack_id,
        thread_ts=None,
        body={"request_id": request_id, "person_id": person.id, **body},
        now=now,
        n=number,
    )
    return True
