"""A submitted modal: which press it was, what it names, and its record, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.deps import BotDeps
from bot.intake import take_trigger


@dataclass(frozen=True)
class Submitted:
    """`request_id` is what we wrote into the modal: most name a request there."""

    trigger_id: str
    user: str
    request_id: str

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Submitted:
        view, user = body.get("view") or {}, body.get("user") or {}
        named = str(view.get("private_metadata") or "")[:300]
        return cls(str(body.get("trigger_id")), str(user.get("id") or ""), named)


@dataclass(frozen=True)
class Answered:
    """Sentences at fields, or one for the whole modal; neither where the cards say it."""

    problems: Mapping[str, str] = field(default_factory=dict)
    sentence: str | None = None


def record_submission(
    session: Session, deps: BotDeps, submitted: Submitted, payload: dict[str, Any], *, now: datetime
) -> bool:
    """Record it; False when it was recorded before."""
    return take_trigger(
        session,
        deps,
        kind="view",
        trigger_id=submitted.trigger_id,
        user=submitted.user,
        channel=None,
        payload=payload,
        now=now,
    )
