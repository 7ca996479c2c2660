"""`/signoff connector [NAME]`: which connectors wait to be let in, and asking for one."""

from __future__ import annotations

from collections.abc import Sequence

from approvals.actions import Proposed
from approvals.by_hand import propose_by_hand
from approvals.connectors import ADMIT, waiting
from bot.blocks.text import escape
from bot.slash.command import Command
from tools.admitting import offered


def connector_lines(asked: Command) -> Sequence[str]:
    """Ask for it, its card where it is asked; without a name, those that wait."""
    team = asked.deps.identity.team_id
    new = waiting(asked.session, offered(asked.deps.registry.connectors), workspace_id=team)
    names = ", ".join(f"{each.name} {each.version}" for each in new)
    wanted = asked.words.strip()
    found = next((each for each in new if each.name == wanted), None)
    if found is None:
        told = (
            f"New here and not used yet: {names}."
            if new
            else "Nothing new: every connector here was let in already."
        )
        nothing = f"No connector called {wanted[:60]} waits to be let in. " if wanted else ""
        return [escape(nothing + told)]
    if asked.again:
        return ["I have asked for it already."]
    args = {"name": found.name, "version": found.version, "tools": list(found.tools)}
    propose_by_hand(
        asked.session,
        asked.deps.log,
        Proposed(ADMIT, "1.0.0", args, f"Let the connector {found.name} {found.version} in"),
        key=asked.key,
        principal_id=asked.person.id,
        workspace_id=team,
        channel=asked.channel,
        thread_ts=None,
        now=asked.now,
    )
    return [escape(f"I ask an operator whether {found.name} {found.version} may be used here.")]
