"""What a stop holds of other systems' events, in lines for whoever asks or lifts it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import col, select

from approvals import switches
from approvals.rights_tables import Switch
from bot.blocks.text import escape
from bot.events.held import Held, held_events
from bot.slash.command import Place
from bot.words import day_time


def waiting_line(place: Place, scope: str) -> Sequence[str]:
    """How many events this stop holds, since when, and what becomes of them; none where none."""
    waiting = _waiting(place, scope)
    if waiting is None:
        return []
    verb, each = ("waits", "It") if waiting.count == 1 else ("wait", "Each")
    since = day_time(waiting.since, place.person.tz, place.now)
    then = f"{each} is posted and looked into when it goes on."
    return [f"   {waiting.words} {verb} since {since}. {then}"]


def begun_now(place: Place, scope: str) -> Sequence[str]:
    """What becomes of the events that waited, now that this stop is lifted."""
    waiting = _waiting(place, scope)
    if waiting is None:
        return []
    left = switches.in_force(
        place.session, workspace_id=place.team, scopes=[scope], people=place.deps.people
    )
    if left is not None:
        return [f"• Still held, {escape(left.sentence)}: {waiting.words}"]
    since = day_time(waiting.since, place.person.tz, place.now)
    return [f"• Posted and looked into now: {waiting.words}, held since {since}"]


def _waiting(place: Place, scope: str) -> Held | None:
    """Events that this stop holds. What a rule's own stop holds is told there, not under `all`."""
    rules = switches.automation_scope("")
    if scope.startswith(rules):
        rule = scope.removeprefix(rules)
        return held_events(place.session, workspace_id=place.team, rule=rule)
    if scope != switches.ALL:
        return None
    query = select(Switch.scope).where(
        Switch.workspace_id == place.team,
        col(Switch.released_at).is_(None),
        col(Switch.scope).startswith(rules),
    )
    others = [one.removeprefix(rules) for one in place.session.exec(query)]
    return held_events(place.session, workspace_id=place.team, rule=None, but=others)
