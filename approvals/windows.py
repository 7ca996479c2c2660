"""How long something may be taken back: before it is begun, and after it was done.

The verdict carries both spans, as the tool declares or the policy says them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlmodel import Session, col, select

from approvals.tables import Action
from approvals.together import together_id
from core.ids import derive_id
from core.outbox import enqueue
from core.posts import Post, ask_post, refresh_posts

_PERMITTED = frozenset({"allowed", "approved"})


@dataclass(frozen=True)
class Window:
    """`held`: not begun yet. `done`: done, and may be put back."""

    kind: Literal["held", "done"]
    until: datetime


def hold_until(verdict: Mapping[str, Any] | None, *, now: datetime) -> datetime | None:
    """When what is permitted now may be begun; None for at once."""
    seconds = (verdict or {}).get("hold_s") or 0
    return now + timedelta(seconds=seconds) if seconds else None


def window(action: Action, *, now: datetime) -> Window | None:
    """What can be taken back of this action now; whether it was already is `undo_of`'s to say."""
    if action.status in _PERMITTED and action.not_before is not None and action.not_before > now:
        return Window("held", action.not_before)
    until = undo_until(action)
    return Window("done", until) if until is not None and now < until else None


def undo_until(action: Action) -> datetime | None:
    """The end of the time in which what was done may be put back; None where it never could."""
    seconds = (action.verdict or {}).get("undo_s") or 0
    known = (action.outcome or {}).get("result")
    if action.status != "succeeded" or action.settled_at is None or not seconds or not known:
        return None
    return action.settled_at + timedelta(seconds=seconds)


def undo_of(session: Session, action_id: str) -> Action | None:
    """The action that takes this one back, however it stands."""
    return session.exec(select(Action).where(Action.undoes == action_id)).first()


def follow(session: Session, action: Action, *, now: datetime) -> None:
    """What an action that has just settled leads to: its window's end, or news for what it undoes.

    `undo_changed` redraws what shows the button, and goes on with taking back several steps;
    `keep_together` begins the next of those that belong together, or takes them all back.
    """
    until = undo_until(action)
    if until is not None:
        _queue(session, action, f"{action.id}:closes", now=now, not_before=until)
    if action.not_before is not None:
        refresh_posts(session, subject=action.id, kind="held", now=now)
    if action.status == "failed" and action.undoes is None and action.turn_id is not None:
        ask_compensation(session, action.workspace_id, action.turn_id, action.id, now=now)
    if action.status != "superseded":
        keep_together(session, action, f"{action.id}:{action.status}", now=now)
    undo_moved(session, action, now=now)


def keep_together(session: Session, action: Action, key: str, *, now: datetime) -> None:
    """Have the steps that belong together with this one looked at, if there are any."""
    group = together_id(action)
    if group is None:
        return
    enqueue(
        session,
        workspace_id=action.workspace_id,
        job="keep_together",
        subject=group,
        key=key,
        args={"action_id": action.id},
        now=now,
    )


def undo_moved(session: Session, action: Action, *, now: datetime) -> None:
    """Where this takes something back: have what tells of that drawn anew, and gone on with."""
    if action.undoes is not None:
        _queue(session, action, f"{action.id}:{action.status}", now=now)


def ask_compensation(
    session: Session, workspace_id: str, turn_id: str, occasion: str, *, now: datetime
) -> None:
    """Have somebody look, once this turn has ended, whether what it did is to be taken back."""
    enqueue(
        session,
        workspace_id=workspace_id,
        job="offer_back",
        subject=derive_id("comp", turn_id),
        key=f"{turn_id}:{occasion}",
        args={"turn_id": turn_id},
        now=now,
    )


def ask_held(session: Session, action: Action, *, now: datetime) -> None:
    """Tell that something nobody was asked about waits, with the button that takes it back."""
    ask_post(
        session,
        workspace_id=action.workspace_id,
        subject=action.id,
        kind="held",
        channel=action.channel,
        thread_ts=action.thread_ts,
        body={},
        now=now,
    )


def redraw(session: Session, action: Action, *, now: datetime) -> None:
    """Have every message that offers to take this back drawn anew."""
    refresh_posts(session, subject=action.id, kind="card", now=now)
    refresh_posts(session, subject=action.id, kind="held", now=now)
    if action.turn_id is not None and _is_owed(session, action.turn_id):
        refresh_posts(session, subject=action.turn_id, kind="answer", now=now)


def _is_owed(session: Session, turn_id: str) -> bool:
    # What is only begun has no words yet: they are owed when the turn has them.
    owed = select(Post.id).where(
        Post.subject == turn_id, Post.kind == "answer", col(Post.wanted) > 0
    )
    return session.exec(owed).first() is not None


def _queue(
    session: Session,
    action: Action,
    key: str,
    *,
    now: datetime,
    not_before: datetime | None = None,
) -> None:
    enqueue(
        session,
        workspace_id=action.workspace_id,
        job="undo_changed",
        subject=action.id,
        key=key,
        args={"action_id": action.id},
        now=now,
        not_before=not_before,
    )
