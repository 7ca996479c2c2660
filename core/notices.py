"""Short words of ours, each owed once: where something was asked for, or to people themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from sqlmodel import Session

from core.posts import ask_post


class Asked(Protocol):
    """What was asked for somewhere: an action, a turn."""

    id: str
    workspace_id: str
    channel: str
    thread_ts: str | None


def say(session: Session, asked: Asked, text: str, *, now: datetime, n: int = 0) -> None:
    """Say it where this was asked for, once for each `n`."""
    ask_post(
        session,
        workspace_id=asked.workspace_id,
        subject=asked.id,
        kind="notice",
        n=n,
        channel=asked.channel,
        thread_ts=asked.thread_ts,
        body={"text": text},
        now=now,
    )


def tell(
    session: Session,
    users: Sequence[str],
    text: str,
    *,
    workspace_id: str,
    subject: str,
    now: datetime,
) -> None:
    """Tell each of these Slack users by direct message, once about this subject."""
    for number, user in enumerate(users):
        ask_post(
            session,
            workspace_id=workspace_id,
            subject=subject,
            kind="notice",
            n=number,
            channel=user,
            thread_ts=None,
            body={"text": text},
            now=now,
        )
