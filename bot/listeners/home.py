"""App Home: drawn when it is opened, and again when its owner clicked something."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from slack_bolt.async_app import AsyncApp

from bot.blocks.home import build, refused
from bot.boundary import Delivery, Edge, guarded
from bot.homes import home_of


def register(app: AsyncApp, edge: Edge) -> None:
    app.event("app_home_opened")(guarded(edge, on_home))


async def on_home(delivery: Delivery) -> None:
    event = delivery.body.get("event") or {}
    if event.get("tab", "home") == "home":
        await publish(delivery.edge, delivery.user)
    await delivery.answer()


async def publish(edge: Edge, user: str, *, note: str | None = None) -> None:
    """Draw this person's Home as things stand, with a note on what their press did."""
    account = await edge.members.look(user)
    if account.principal is None:
        view = refused(account.refusal)
    else:
        home = await asyncio.to_thread(home_of, edge.deps, account.principal)
        view = build(replace(home, note=note))
    await edge.deps.web.views_publish(user_id=user, view=view)
