"""Somebody came to a channel or left it: who can read what was asked there changes at once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from slack_bolt.async_app import AsyncApp

from approvals.seeing import note_member
from bot.boundary import Delivery, Edge, guarded
from bot.deps import BotDeps


def register(app: AsyncApp, edge: Edge) -> None:
    listener = guarded(edge, on_member)
    app.event("member_joined_channel")(listener)
    app.event("member_left_channel")(listener)


async def on_member(delivery: Delivery) -> None:
    event = delivery.body.get("event") or {}
    user, channel = event.get("user"), event.get("channel")
    if isinstance(user, str) and user and isinstance(channel, str) and channel:
        is_in = event.get("type") == "member_joined_channel"
        at = _moment(event.get("event_ts"))
        await asyncio.to_thread(_take, delivery.deps, channel, user, is_in=is_in, at=at)
        delivery.recorded = True
        delivery.edge.places.forget(channel)
    await delivery.answer()


def _take(deps: BotDeps, channel: str, user: str, *, is_in: bool, at: datetime | None) -> None:
    with deps.db.transaction() as session:
        note_member(
            session,
            workspace_id=deps.identity.team_id,
            channel=channel[:100],
            slack_id=user[:100],
            is_in=is_in,
            at=at or deps.clock.now(),
        )


def _moment(event_ts: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(str(event_ts)), UTC)
    except (ValueError, OverflowError, OSError):
        return None
